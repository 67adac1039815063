import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

/** Commands past the wire, on a connection that goes with them. */
async function direct<T>({ backends }: ChaosStage, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(backends.redis.url)
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

const BUDGET_LOST = /the shared call budget cannot be read/g
const QUIET_MS = 5_000
const SPACED_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 250

const ASK_EVERY_MS = 1_000

/**
 * Waits until the workers share one spacing of calls again, and none of them drops out any more (I8). Asks for everybody
 * meanwhile: without a schedule nobody calls, and who does not call finds nothing amiss.
 */
async function untilSpacedTogether({ processes, people }: ChaosStage): Promise<void> {
  const complaints = () => processes.reduce((sum, app) => sum + (app.output().match(BUDGET_LOST)?.length ?? 0), 0)
  const startedAt = performance.now()
  let seen = complaints()
  let since = startedAt
  let askedAt = Number.NEGATIVE_INFINITY
  while (performance.now() - since < QUIET_MS) {
    if (performance.now() - startedAt > SPACED_WITHIN_MS)
      throw new Error(`I8 workers do not share the call budget ${SPACED_WITHIN_MS} ms after it was lost`)
    if (performance.now() - askedAt > ASK_EVERY_MS) {
      askedAt = performance.now()
      await Promise.all(people.map(({ person }) => person.call('POST', '/sync')))
    }
    await delay(LOOK_AGAIN_MS)
    if (complaints() === seen) continue
    seen = complaints()
    since = performance.now()
  }
}

const fault = (id: string, about: string, play: Fault['play'], more: Partial<Fault> = {}): Fault => ({
  id,
  phase: 'redis',
  about,
  scene: id,
  play,
  ...more,
})

export const redis: readonly Fault[] = [
  fault('C1', 'killed, back after 2 s with its file', ({ backends }) => backends.redis.killFor(2_000), {
    random: true,
  }),
  fault(
    'C2',
    'everything in it deleted while jobs run (FLUSHALL)',
    async (stage) => {
      await direct(stage, (at) => at.flushall())
      await untilSpacedTogether(stage)
    },
    {
      short: 'beside the others',
    },
  ),
  fault('C3', 'frozen for 4 s', ({ backends }) => backends.redis.freezeFor(4_000), { random: true }),
  fault('C5', 'full for 4 s', (stage) =>
    direct(stage, async (at) => {
      await at.config('SET', 'maxmemory', '1')
      await delay(4_000)
      await at.config('SET', 'maxmemory', '0')
    }),
  ),
  fault(
    'C7',
    'every connection closed, five times in 5 s',
    (stage) =>
      direct(stage, async (at) => {
        for (let i = 0; i < 5; i++) {
          await at.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
          await delay(1_000)
        }
      }),
    { random: true },
  ),
  fault(
    'C8',
    'every connection half-open, then a wire that carries nothing for 15 s',
    async ({
      backends: {
        redis: { wire },
      },
    }) => {
      wire.halfOpen()
      wire.freeze()
      await delay(15_000)
      wire.thaw()
    },
  ),
  fault(
    'C10',
    'every script forgotten (SCRIPT FLUSH)',
    (stage) => direct(stage, (at) => at.script('FLUSH')).then(noReply),
    {
      random: true,
    },
  ),
]

const noReply = () => undefined
