import type { AppNeeds } from '@bg-ingest/api/parts'
import { AppError, UserId } from '@bg-ingest/domain'
import { openQueues } from '@bg-ingest/queue'
import { openQueueBench, type QueueBench } from './queue-bench.ts'
import { type LocalRedis, startRedis } from './redis.ts'
import { until } from './until.ts'

type Counting = AppNeeds['counting']

/** Stands in a job for what an operator has no business with. */
export const SEALED_CODE = 'AYADeC4n4ry-sealed-code'

export interface ApiRedis {
  readonly server: LocalRedis
  readonly bench: QueueBench
  readonly counting: Counting
  readonly board: Pick<NonNullable<AppNeeds['board']>, 'queues'>
  /** A job that a worker has given up, and how often it has run so far. */
  failedJob(): Promise<{ readonly jobId: string; runs(): number }>
  /** After `server.stop()`: another one, empty, at the same port. */
  restart(port: number): Promise<LocalRedis>
  close(): Promise<void>
}

/** A Redis of the test's own, what the API holds of it, and a worker whose jobs all fail. */
export async function openApiRedis(): Promise<ApiRedis> {
  let server = await startRedis()
  const bench = await openQueueBench(server.url)
  const { redis } = bench
  const { queues, close } = openQueues(redis, { prefix: bench.prefix, onError: () => undefined })
  let runs = 0
  bench.consume({
    async connectUser() {
      runs += 1
      throw new AppError('authorization_failed', 'refused')
    },
  })
  return {
    get server() {
      return server
    },
    bench,
    counting: {
      ready: () => redis.status === 'ready',
      call: (command, ...args) => redis.call(command, ...args),
    },
    board: { queues: Object.values(queues) },
    async failedJob() {
      const before = runs
      const userId = UserId.parse('alice')
      const input = { v: 1, userId, region: 'default', sealedCode: SEALED_CODE, requestId: 'r-1' } as const
      const { jobId } = await bench.producer.enqueue('connectUser', input)
      const job = await bench.queues['bg-connection'].getJob(jobId)
      await until('the job has failed', async () => (await job?.getState()) === 'failed')
      return { jobId, runs: () => runs - before }
    },
    async restart(port) {
      server = await startRedis(port)
      return server
    },
    async close() {
      await Promise.all([close(), bench.close()])
      await server.stop()
    },
  }
}
