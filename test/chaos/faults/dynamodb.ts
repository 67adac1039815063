import { setTimeout as delay } from 'node:timers/promises'
import type { WireFault } from '../../support/dynamo-proxy.ts'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

const REFUSED_WITHIN_MS = 3_000

/** Whoever reads while DynamoDB hangs is refused in time, and not kept waiting (I14: 1 s on a machine of its own). */
async function expectRefused({ system, people }: ChaosStage): Promise<void> {
  const { person } = people[0] ?? {}
  if (!person) throw new Error('nobody is there')
  const status = await fetch(`${system.apiUrl}/api/bg/${person.userId}/changes?after=0&limit=1`, {
    headers: { authorization: `Bearer ${person.token}` },
    signal: AbortSignal.timeout(REFUSED_WITHIN_MS),
  }).then(
    (answer) => answer.status,
    () => `nothing within ${REFUSED_WITHIN_MS} ms`,
  )
  if (status !== 503) throw new Error(`I14 a read while DynamoDB hangs answered ${status}, expected 503`)
}

/** Each call meets, with this probability, one of these. */
const flaky = (
  id: string,
  about: string,
  share: number,
  heldMs: number,
  faults: readonly WireFault[],
  of: (operation: string) => boolean = () => true,
): Fault => ({
  id,
  phase: 'dynamodb',
  about,
  scene: id,
  random: true,
  async play({ backends: { dynamodb }, random }) {
    const one = () => faults[Math.floor(random() * faults.length)] ?? null
    dynamodb.meet((operation) => (of(operation) && random() < share ? one() : null))
    await delay(heldMs)
    dynamodb.meet(() => null)
  },
})

const hanging = (id: string, about: string, heldMs: number): Fault => ({
  id,
  phase: 'dynamodb',
  about,
  scene: id,
  random: true,
  async play(stage) {
    const { dynamodb } = stage.backends
    dynamodb.meet(() => 'hang')
    try {
      await Promise.all([delay(heldMs), expectRefused(stage)])
    } finally {
      dynamodb.meet(() => null)
    }
  },
})

/** Calls that were on their way when the fault began are over. */
const SETTLED_MS = 2_000
const ASKED_FOR_S = 5
const WRITES: ReadonlySet<string> = new Set(['PutItem', 'BatchWriteItem'])

interface Sync {
  readonly status: string
  readonly attached: boolean
  readonly result: { readonly stored: number } | null
}

/** While nothing can be written, no sync that began meanwhile says that it has stored anything. */
async function expectNothingStored({ people, note }: ChaosStage): Promise<void> {
  const ended = await Promise.all(
    people.map(async ({ person }) => {
      const headers = { prefer: `wait=${ASKED_FOR_S}` }
      const { json } = await person.call('POST', '/sync', { headers })
      return json as unknown as Sync
    }),
  )
  note(`D2b: syncs ended as ${ended.map(({ status }) => status).join(' ')}`)
  const untrue = ended.filter(
    ({ status, attached, result }) => status === 'completed' && !attached && (result?.stored ?? 0) > 0,
  )
  if (untrue.length > 0) throw new Error(`O1 ${untrue.length} syncs say that they stored what no table has taken`)
}

const unwritable = (id: string, about: string, heldMs: number): Fault => ({
  id,
  phase: 'dynamodb',
  about,
  scene: id,
  async play(stage) {
    const { dynamodb } = stage.backends
    dynamodb.meet((operation) => (WRITES.has(operation) ? 'failed' : null))
    const begun = performance.now()
    try {
      await delay(SETTLED_MS)
      await expectNothingStored(stage)
      await delay(Math.max(0, heldMs - (performance.now() - begun)))
    } finally {
      dynamodb.meet(() => null)
    }
  },
})

export const dynamodb: readonly Fault[] = [
  flaky('D1', 'a third of all calls is throttled', 0.3, 5_000, ['throttled']),
  flaky('D2', 'every call fails for 5 s', 1, 5_000, ['failed']),
  unwritable('D2b', 'everything can be read and moved for 9 s, but no item written', 9_000),
  flaky('D4', 'one answer in twenty is lost on the way', 0.05, 6_000, ['lost']),
  flaky('D5-D7', 'resets, cut answers and HTML in a tenth of all calls', 0.1, 6_000, ['reset', 'cut off', 'html']),
  hanging('D3', 'every call hangs for 4 s, and reads are refused meanwhile', 4_000),
  flaky('D8', 'batches come back as unprocessed', 0.5, 5_000, ['unprocessed'], (name) => name === 'BatchWriteItem'),
]
