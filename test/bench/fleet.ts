/**
 * `node --conditions=source test/bench/fleet.ts [people]`: what schedules cost in a Redis of its own. Prints one line of
 * JSON: schedules restored per second, bytes of Redis per person, a comparison of all of them, ticks per second.
 */
import { UserId } from '@bg-ingest/domain'
import { connectForWork, createConsumers, createSchedules, JOB_KEYS, type JobHandlers } from '@bg-ingest/queue'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const people = Number(process.argv[2] ?? 10_000)
const HOUR_MS = 3_600_000
/** As the reconciler does. */
const AT_A_TIME = 100
const PREFIX = 'bench'

const server = await startRedis()
const redis = connectForWork(server.url, { onError: () => undefined })
const schedules = createSchedules(redis, { prefix: PREFIX })
const wanted = Array.from({ length: people }, (_, i) => ({ userId: UserId.parse(`person-${i}`), everyMs: HOUR_MS }))

const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
const seconds = async (work: () => Promise<unknown>) => {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}
const all = async (work: (schedule: (typeof wanted)[number]) => Promise<unknown>) => {
  const left = [...wanted]
  const lane = async () => {
    for (let next = left.pop(); next; next = left.pop()) await work(next)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
}

const before = await usedBytes()
const restore = await seconds(() => all((schedule) => schedules.repair(schedule, 'missing')))
const bytes = await usedBytes()
const compare = await seconds(() => schedules.inspect(wanted))

let ticks = 0
const never = () => new Promise<never>(() => undefined)
const handlers = {
  ...(Object.fromEntries(JOB_KEYS.map((key) => [key, never])) as unknown as JobHandlers),
  pollTick: async () => {
    ticks += 1
  },
}
const TICK_EVERY_MS = 5_000
const consumers = createConsumers(redis, handlers, {
  concurrency: 50,
  onGaveUp: () => undefined,
  onError: () => undefined,
  prefix: PREFIX,
})
await all(({ userId }) => schedules.upsert(userId, TICK_EVERY_MS))
const from = ticks
const ticking = await seconds(() => until('everybody has ticked', () => ticks - from >= people, 120_000))
console.log(
  JSON.stringify({
    people,
    restoredPerSecond: Math.round(people / restore),
    bytesPerPerson: Math.round((bytes - before) / people),
    compareAllMs: Math.round(compare * 1_000),
    ticksPerSecond: Math.round(people / ticking),
    ticksPossibleByInterval: Math.round((people * 1_000) / TICK_EVERY_MS),
  }),
)
await consumers.close(1_000)
await schedules.close()
redis.disconnect()
await server.stop()
