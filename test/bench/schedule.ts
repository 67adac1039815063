import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { nextPollMs, registryShard, UserId } from '@bg-ingest/domain'
import { createLeadership, createRestoreMarker } from '@bg-ingest/queue'
import { createReconciler } from '@bg-ingest/worker/parts'
import { Queue } from 'bullmq'
import { openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import {
  atLeast,
  atMost,
  type Bench,
  type BenchFigure,
  type BenchLine,
  type BenchOptions,
  figureOf,
  median,
  ratioOf,
  spreadOf,
} from './result.ts'

const PEOPLE = 100_000
/** So that 1,000 of them are due in each second. */
const EVERY_MS = 100_000
const DUE_PER_SECOND = PEOPLE / (EVERY_MS / 1_000)
const WARM_UP_MS = 5_000
const COUNTED_MS = 20_000
/** A loss is noticed with the next beat of whoever leads. */
const NOTICED_SECONDS = 10
const BARE = 5_000
const BARE_AT_A_TIME = 100
const MOST_ROUNDS = 2
const PREFIX = 'bench'

/** Schedules of 100,000 people: their memory, their ticks, and how soon all are back when Redis has lost everything. */
export const schedule: Bench = {
  summary: '100,000 schedules: bytes, lateness at 1,000 due a second, restored after FLUSHALL; takes minutes',
  async run({ rounds }: BenchOptions) {
    const server = await startRedis()
    const bench = await openQueueBench(server.url, PREFIX)
    try {
      return await measure(bench, Math.min(rounds, MOST_ROUNDS))
    } finally {
      await bench.close()
      await server.stop()
    }
  },
}

interface Cost {
  readonly seconds: number
  readonly cpuUs: number
}

async function measure(bench: QueueBench, rounds: number): Promise<readonly BenchLine[]> {
  const reconciler = reconcilerOf(bench)
  const restores: Cost[] = []
  const bases: Cost[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round += 1) {
    await bench.work.flushall()
    bases.push(await bareUpserts(bench))
    await bench.work.flushall()
    const before = await usedBytes(bench)
    restores.push(await costOf(() => reconciler.beat()))
    if ((await bench.schedules.count()) !== PEOPLE) throw new Error('schedules are missing')
    bytes = ((await usedBytes(bench)) - before) / PEOPLE
  }
  const lateness = await tick(bench)
  await reconciler.close()
  return linesOf({ restores, bases, bytes, lateness })
}

/** The product's own, over a registry in memory: DynamoDB Local would be what is measured. */
function reconcilerOf({ work, schedules, prefix }: QueueBench) {
  const parts = new Map<string, UserId[]>()
  for (let n = 0; n < PEOPLE; n += 1) {
    const userId = UserId.parse(`person-${n}`)
    const shard = registryShard(userId)
    parts.set(shard, [...(parts.get(shard) ?? []), userId])
  }
  const entry = (userId: UserId) =>
    ({ userId, status: 'connected', parked: false, paused: false, pollIntervalSeconds: null }) as const
  return createReconciler({
    registry: {
      shard: async (shard) => (parts.get(shard) ?? []).map(entry),
      entry: async (userId) => entry(userId),
    },
    schedules,
    leadership: createLeadership(work, { name: 'schedules', token: randomUUID(), ttlMs: 30_000, prefix }),
    marker: createRestoreMarker(work, { prefix }),
    // What is due meanwhile is asked for besides; only the schedules are counted here.
    requestPoll: async () => undefined,
    unpark: async () => 0,
    newId: randomUUID,
    onConnections: () => undefined,
    pollIntervalMs: EVERY_MS,
    now: Date.now,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })
}

/** BullMQ alone, as many at a time as the product has under way. */
async function bareUpserts({ work }: QueueBench): Promise<Cost> {
  const queue = new Queue('bare', { connection: work })
  const left = Array.from({ length: BARE }, (_, n) => n)
  const lane = async () => {
    for (let n = left.pop(); n !== undefined; n = left.pop())
      await queue.upsertJobScheduler(`bare-${n}`, { every: EVERY_MS, offset: 1 + n }, { name: 'bare', data: {} })
  }
  const cost = await costOf(() => Promise.all(Array.from({ length: BARE_AT_A_TIME }, lane)))
  await queue.close()
  return cost
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [from, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - from) / 1_000, cpuUs: user + system }
}

const usedBytes = async ({ work }: QueueBench) => Number(/used_memory:(\d+)/.exec(await work.info('memory'))?.[1])

/** How late each tick of some seconds began, in milliseconds. */
async function tick(bench: QueueBench): Promise<readonly number[]> {
  const late: number[] = []
  bench.consume({
    async pollTick({ userId }) {
      const now = Date.now()
      late.push(now - (nextPollMs(userId, EVERY_MS, now + 1) - EVERY_MS))
    },
  })
  await until('ticks have begun', () => late.length > 0, 60_000)
  await delay(WARM_UP_MS)
  late.length = 0
  await delay(COUNTED_MS)
  return [...late]
}

interface Measured {
  readonly restores: readonly Cost[]
  readonly bases: readonly Cost[]
  readonly bytes: number
  readonly lateness: readonly number[]
}

function linesOf({ restores, bases, bytes, lateness }: Measured): readonly BenchLine[] {
  const each = restores.map(({ cpuUs }) => cpuUs / PEOPLE)
  const bare = bases.map(({ cpuUs }) => cpuUs / BARE)
  const base = 'a bare upsertJobScheduler'
  const late = [...lateness].sort((a, b) => a - b)
  const p99 = late[Math.floor(late.length * 0.99)] ?? Number.NaN
  const perSecond = late.length / (COUNTED_MS / 1_000)
  const restored = (rate: number): readonly number[] => restores.map(({ seconds }) => rate / seconds)
  const figure = (
    name: string,
    unit: string,
    n: number,
    values: readonly number[],
    goal?: ReturnType<typeof atMost>,
  ): BenchFigure => figureOf({ name, unit, n, ...(goal ? { goal } : {}) }, values)
  return [
    { name: base, cpuUs: median(bare), spread: spreadOf(bare), ratio: 1, base, n: BARE * bases.length },
    {
      name: 'a schedule restored',
      cpuUs: median(each),
      spread: spreadOf(each),
      ratio: ratioOf(each, bare),
      base,
      n: PEOPLE * restores.length,
    },
    figure(
      'bare upserts',
      'a second',
      BARE,
      bases.map(({ seconds }) => BARE / seconds),
    ),
    figure('schedules restored', 'a second', PEOPLE, restored(PEOPLE)),
    figure(
      'all back after FLUSHALL, noticed within 10 s',
      's',
      PEOPLE,
      restores.map(({ seconds }) => seconds + NOTICED_SECONDS),
      atMost(30, 'at most 30 s'),
    ),
    figure('Redis for a schedule', 'bytes', PEOPLE, [bytes], atMost(2_100, 'at most 2,100 bytes')),
    figure('ticks', 'a second', late.length, [perSecond], atLeast(0.98 * DUE_PER_SECOND, 'all 1,000 a second')),
    figure('a tick is late, 99 in 100', 'ms', late.length, [p99], atMost(250, 'at most 250 ms')),
  ]
}
