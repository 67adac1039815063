import { call } from '../../support/e2e-client.ts'
import { webhookSender } from '../../support/e2e-sender.ts'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

const fault = (id: string, about: string, scene: string, play: Fault['play']): Fault => ({
  id,
  phase: 'requests',
  about,
  scene,
  play,
})

const READS = 400
/** Promises I14 says 200 ms on a machine of its own; here a dozen processes share two cores. */
const READ_P99_MS = 1_000
const REFUSED_WITHIN_MS = 3_000
const DELIVERIES = 300
const OF_THREE = 3
const FORGED_EVERY = 4
const FORGED = Buffer.alloc(32, 7)

function expectStatus(what: string, seen: number, wanted: number): void {
  if (seen !== wanted) throw new Error(`${what} answered ${seen}, expected ${wanted}`)
}

async function readAll({ people }: ChaosStage): Promise<void> {
  const took: number[] = []
  for (let i = 0; i < READS; i++) {
    const { person } = people[i % people.length] ?? {}
    const startedAt = performance.now()
    const { status } = (await person?.call('GET', '/latest')) ?? { status: 0 }
    took.push(performance.now() - startedAt)
    expectStatus('a read', status, 200)
  }
  const p99 = took.sort((a, b) => a - b)[Math.floor(READS * 0.99)] ?? 0
  if (p99 > READ_P99_MS) throw new Error(`reads took ${Math.round(p99)} ms at p99`)
}

export const requests: readonly Fault[] = [
  fault('I14', 'reads while Redis and the broker carry nothing; writes are refused', 'outage', async (stage) => {
    const { redis, rabbitmq } = stage.backends
    for (const { wire } of [redis, rabbitmq]) wire.freeze()
    try {
      await readAll(stage)
      const startedAt = performance.now()
      const { status } = (await stage.people[0]?.person.call('POST', '/sync')) ?? { status: 0 }
      expectStatus('a sync', status, 503)
      if (performance.now() - startedAt > REFUSED_WITHIN_MS) throw new Error('a refusal took too long')
    } finally {
      for (const { wire } of [redis, rabbitmq]) wire.thaw()
    }
  }),
  fault('H12', 'a storm of webhooks, a third of them repeats, a fourth forged', 'callers', async (stage) => {
    const { system, people } = stage
    const send = webhookSender(system.apiUrl, system.variables)
    for (let i = 0; i < DELIVERIES; i++) {
      const { person } = people[Math.floor(i / OF_THREE) % people.length] ?? {}
      if (!person) return
      const isRepeat = i % OF_THREE === OF_THREE - 1
      const isForged = i % FORGED_EVERY === FORGED_EVERY - 1
      const id = `chaos-${isRepeat ? i - 1 : i}`
      const { status, json } = await send(
        person.userId,
        { type: 'data.available' },
        isForged ? { secret: FORGED } : { id },
      )
      expectStatus(isForged ? 'a forged webhook' : 'a webhook', status, isForged ? 401 : 202)
      if (!isForged && !isRepeat && json.duplicate) throw new Error('a new webhook was taken for a repeat')
    }
  }),
  fault('I-1', 'nobody reads without a good token', 'callers', async ({ system, people }) => {
    for (const { person } of people) {
      const { status } = await call(`${system.apiUrl}/api/bg/${person.userId}/latest`, 'GET', {
        token: `${person.token}x`,
      })
      expectStatus('a read with a bent token', status, 401)
    }
  }),
]
