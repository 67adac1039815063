import type { UserId } from '@bg-ingest/domain'
import { Queue } from 'bullmq'
import { until } from '../support/until.ts'
import { egvPage } from './egv-records.ts'
import { ACCOUNT } from './fake-dexcom.ts'
import { redisCpuUs } from './redis-cpu.ts'
import { type Bench, type BenchOptions, type BenchResult, median, ratioOf, spreadOf } from './result.ts'
import { startWatched } from './watched.ts'
import { startWorkerStage, type WorkerStage } from './worker-stage.ts'

const PEOPLE = 200
const NOOPS = 6_000
const WARM_UP_ROUNDS = 2
const CONCURRENCY = 50
const NEW_READINGS = 3
/** What a poll that looks back 26 h gets. */
const PAGE_OF_26_H = 312
const MOST = 12
const DAY_MS = 86_400_000
const BASE = 'a no-op BullMQ job'
export const SYNC_OF_A_PAGE = 'the same in a page of 26 h'

interface Cost {
  readonly worker: number[]
  readonly redis: number[]
}

interface Variant {
  readonly name: string
  readonly records: number
  readonly users: readonly UserId[]
  readonly cost: Cost
  /** When the sensor began. */
  readonly fromMs: number
  /** The n-th of the sensor's readings, which the page of the next round begins with. */
  first: number
}

/** A whole sync in a real worker process, lease to finish, beside a job of BullMQ that does nothing. */
export const syncCpu: Bench = {
  summary:
    'a sync of 3 new readings, in a worker process between a null DynamoDB and a null Dexcom, against a no-op job',
  async run({ rounds }: BenchOptions) {
    const stage = await startWorkerStage({ WORKER_CONCURRENCY: String(CONCURRENCY) })
    const noops = await startNoops(stage)
    try {
      const variants = await variantsOf(stage)
      const base: Cost = { worker: [], redis: [] }
      for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
        const noop = await costOf(stage, noops.worker.cpuOf, NOOPS, noops.runAll)
        if (round >= 0) keep(base, noop)
        for (const variant of variants) {
          const cost = await costOf(stage, stage.worker.cpuOf, PEOPLE, () => syncAll(stage, variant))
          if (round >= 0) keep(variant.cost, cost)
        }
      }
      return resultsOf(base, variants, rounds)
    } finally {
      await noops.stop()
      await stage.stop()
    }
  },
}

const keep = ({ worker, redis }: Cost, cost: { readonly worker: number; readonly redis: number }) => {
  worker.push(cost.worker)
  redis.push(cost.redis)
}

async function startNoops({ redis, redisUrl }: WorkerStage) {
  const worker = startWatched(new URL('./noop-worker.ts', import.meta.url), [redisUrl, String(CONCURRENCY)])
  const queue = new Queue('noop', { connection: redis })
  await until('the no-op worker is ready', () => worker.output().includes('ready'), 60_000)
  return {
    worker,
    async runAll() {
      await queue.addBulk(
        Array.from({ length: NOOPS }, () => ({ name: 'noop', data: {}, opts: { removeOnComplete: true } })),
      )
      await until(
        'all no-op jobs have run',
        async () => (await queue.count()) + (await queue.getActiveCount()) === 0,
        60_000,
      )
    },
    async stop() {
      await worker.stop()
      await queue.close()
    },
  }
}

export async function variantsOf(stage: WorkerStage): Promise<readonly Variant[]> {
  const aVariant = async (name: string, records: number): Promise<Variant> => ({
    name,
    records,
    users: await stage.people(Array.from({ length: PEOPLE }, (_, i) => `${records}-${i}`)),
    cost: { worker: [], redis: [] },
    fromMs: Date.now() - 2 * DAY_MS,
    first: 0,
  })
  return [await aVariant('sync of 3 new readings', NEW_READINGS), await aVariant(SYNC_OF_A_PAGE, PAGE_OF_26_H)]
}

/** Everybody is polled once, and each gets three readings that are new. */
export async function syncAll(stage: WorkerStage, variant: Variant): Promise<void> {
  const page = Buffer.from(egvPage(ACCOUNT, variant.fromMs, variant.first, variant.records))
  variant.first += NEW_READINGS
  stage.dexcom.serve(() => page)
  const ended = async () =>
    (await stage.redis.zcard('bg:bg-sync:completed')) + (await stage.redis.zcard('bg:bg-sync:failed'))
  const before = await ended()
  await Promise.all(
    variant.users.map((userId) => stage.producer.requestSync({ userId, trigger: 'poll', requestId: 'bench' })),
  )
  await until('everybody is polled', async () => (await ended()) - before === variant.users.length, 120_000)
  if ((await stage.redis.zcard('bg:bg-sync:failed')) > 0) throw new Error(`syncs failed:\n${stage.worker.output()}`)
}

async function costOf(
  { redis }: WorkerStage,
  cpuOf: (work: () => Promise<unknown>) => Promise<number>,
  jobs: number,
  work: () => Promise<unknown>,
) {
  const before = await redisCpuUs(redis)
  const worker = await cpuOf(work)
  return { worker: worker / jobs, redis: ((await redisCpuUs(redis)) - before) / jobs }
}

function resultsOf(base: Cost, variants: readonly Variant[], rounds: number): readonly BenchResult[] {
  const line = (name: string, values: readonly number[], bases: readonly number[], n: number): BenchResult => ({
    name,
    cpuUs: median(values),
    spread: spreadOf(values),
    ratio: ratioOf(values, bases),
    base: BASE,
    n,
  })
  const n = PEOPLE * rounds
  const [whole, ...others] = variants.map(({ name, cost }) => line(name, cost.worker, base.worker, n))
  if (!whole) throw new Error('nothing was measured')
  const goal = { text: `at most ${MOST} x a no-op job`, met: whole.ratio <= MOST }
  return [
    line(BASE, base.worker, base.worker, NOOPS * rounds),
    { ...whole, goal },
    ...others,
    line('Redis, a no-op job', base.redis, base.redis, NOOPS * rounds),
    ...variants.map(({ name, cost }) => line(`Redis, ${name}`, cost.redis, base.redis, n)),
  ]
}
