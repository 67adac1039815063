/**
 * `node --conditions=source test/bench/fleet.ts [people]`: what schedules cost in a Redis of its own. Prints one line of
 * JSON: schedules restored per second, bytes of Redis per person, a comparison of all of them, ticks per second.
 */
import { UserId } from '@bg-ingest/domain'
import { connectForWork, createConsumers, createSchedules, JOB_KEYS, type JobHandlers } from '@bg-ingest/queue'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const people = Number(process.argv[2] ?? 10_000)
const HOUR_MS = 3_600_000
/** As the reconciler does. */
const AT_A_TIME = 100
const PREFIX = 'bench'
/** Everybody is due within this time: more than one worker manages where there are many, which is what is asked. */
const TICK_EVERY_MS = 5_000
/** Ticks are counted for this long, whoever they belong to. */
const COUNTED_MS = 20_000

const seconds = async (work: () => Promise<unknown>) => {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}

async function measure(server: LocalRedis, closers: (() => Promise<unknown>)[]) {
  const redis = connectForWork(server.url, { onError: () => undefined })
  closers.push(async () => redis.disconnect())
  const schedules = createSchedules(redis, { prefix: PREFIX })
  closers.push(() => schedules.close())
  const wanted = Array.from({ length: people }, (_, i) => ({ userId: UserId.parse(`person-${i}`), everyMs: HOUR_MS }))
  const all = async (work: (schedule: (typeof wanted)[number]) => Promise<unknown>) => {
    const left = [...wanted]
    const lane = async () => {
      for (let next = left.pop(); next; next = left.pop()) await work(next)
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, lane))
  }
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])

  const before = await usedBytes()
  const restore = await seconds(() => all((schedule) => schedules.repair(schedule, 'missing')))
  const bytes = await usedBytes()
  const compare = await seconds(() => schedules.inspect(wanted))

  await all(({ userId }) => schedules.upsert(userId, TICK_EVERY_MS))
  let ticks = 0
  const never = () => new Promise<never>(() => undefined)
  const handlers = {
    ...(Object.fromEntries(JOB_KEYS.map((key) => [key, never])) as unknown as JobHandlers),
    pollTick: async () => {
      ticks += 1
    },
  }
  const consumers = createConsumers(redis, handlers, {
    concurrency: 50,
    onGaveUp: () => undefined,
    onError: () => undefined,
    prefix: PREFIX,
  })
  closers.push(() => consumers.close(1_000))
  await until('ticks have begun', () => ticks > 0, 60_000)
  const from = ticks
  const ticking = await seconds(() => new Promise((resolve) => setTimeout(resolve, COUNTED_MS)))
  return {
    people,
    restoredPerSecond: Math.round(people / restore),
    bytesPerPerson: Math.round((bytes - before) / people),
    compareAllMs: Math.round(compare * 1_000),
    ticksPerSecond: Math.round((ticks - from) / ticking),
    ticksDuePerSecond: Math.round((people * 1_000) / TICK_EVERY_MS),
  }
}

const server = await startRedis()
const closers: (() => Promise<unknown>)[] = [() => server.stop()]
try {
  console.log(JSON.stringify(await measure(server, closers)))
} finally {
  for (const close of closers.reverse()) await close()
}
