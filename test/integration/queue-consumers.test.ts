import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { AppError, NO_COUNTS, toInstant, type UserId } from '@bg-ingest/domain'
import type { JobContext, JobData, JobKey, SyncTrigger } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { createGate, until } from '../support/until.ts'

const RESULT = { from: toInstant(0), to: toInstant(1), ...NO_COUNTS, durationMs: 1 }
const LOW = () => 0
const LOCK_MS = 1_000
const script = fileURLToPath(new URL('../support/hanging-worker.ts', import.meta.url))

describe('queue: running jobs', () => {
  let server: LocalRedis
  let bench: QueueBench
  let userId: UserId
  let gaveUp: { readonly key: JobKey; readonly code: string; readonly jobId: string; readonly userId: UserId }[]
  let errors: Error[]

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    userId = aUser()
    gaveUp = []
    errors = []
  })
  afterEach(() => bench.close())

  const ask = (trigger: SyncTrigger) => bench.producer.requestSync({ userId, trigger, requestId: 'r' })
  const statusOf = (jobId: string) => bench.reader.status(userId, jobId)
  const job = (jobId: string) => bench.queues['bg-sync'].getJob(jobId)
  const listen = {
    onGaveUp: <K extends JobKey>(key: K, data: JobData<K>, { code }: AppError, jobId: string) => {
      gaveUp.push({ key, code, jobId, userId: data.userId })
    },
    onError: (_queue: string, error: Error) => void errors.push(error),
    random: LOW,
  }

  /** Workers that throw `errors` one after the other, then succeed; answers with what each start was told. */
  function consumeFailing(...failures: readonly unknown[]): JobContext[] {
    const starts: JobContext[] = []
    const syncUser = async (_data: unknown, context: JobContext) => {
      starts.push(context)
      const failure = failures[starts.length - 1]
      if (failure) throw failure
      return RESULT
    }
    bench.consume({ syncUser }, listen)
    return starts
  }

  it('delays a job whose user is held, 200 ms at first, without using attempts', async () => {
    const { jobId } = await ask('manual')
    const from = performance.now()
    const held = new AppError('lease_taken', 'Another run holds this person')
    const starts = consumeFailing(held, held, held)
    expect((await bench.reader.wait(userId, jobId, 5_000))?.status).to.equal('completed')
    expect(starts.map(({ attempt, attemptsStarted }) => [attempt, attemptsStarted])).to.deep.equal(
      [1, 2, 3, 4].map((start) => [1, start]),
    )
    expect(performance.now() - from).to.be.within(600, 2_500)
    expect(gaveUp).to.deep.equal([])
  })

  it('delays a job that was told when to come back, without using attempts', async () => {
    const { jobId } = await ask('manual')
    const from = performance.now()
    const limited = new AppError('upstream_rate_limited', 'Dexcom limits our calls', { retryAfterMs: 700 })
    const starts = consumeFailing(limited)
    expect((await bench.reader.wait(userId, jobId, 5_000))?.status).to.equal('completed')
    expect(performance.now() - from).to.be.at.least(700)
    expect(starts.map(({ attempt }) => attempt)).to.deep.equal([1, 1])
  })

  it('tries again after a failure that may pass, and shows no error once it went well', async () => {
    const { jobId } = await ask('manual')
    const starts = consumeFailing(new AppError('upstream_unavailable', 'Dexcom cannot be reached'))
    await until('the first try', async () => (await job(jobId))?.attemptsMade === 1)
    expect(await statusOf(jobId)).to.include({ status: 'queued', error: null })
    expect(await bench.reader.wait(userId, jobId, 5_000)).to.deep.include({ status: 'completed', result: RESULT })
    expect(starts.map(({ attempt }) => attempt)).to.deep.equal([1, 2])
  })

  it('gives up at once what cannot help, tells it once and shows its code', async () => {
    const { jobId } = await ask('manual')
    const starts = consumeFailing(new AppError('needs_reauth', 'Connect again'), new Error('never'))
    const status = await bench.reader.wait(userId, jobId, 5_000)
    expect(status).to.deep.include({ status: 'failed', error: { code: 'needs_reauth', detail: 'Connect again' } })
    expect(starts).to.have.length(1)
    expect(gaveUp).to.deep.equal([{ key: 'syncUser', code: 'needs_reauth', jobId, userId }])
    expect((await ask('manual')).jobId, 'the user is free again').to.not.equal(jobId)
  })

  it('gives up after the last attempt, and lets nothing of a foreign error into Redis', async () => {
    const { jobId } = await ask('manual')
    await bench.redis.hset(keyOf(jobId), 'atm', '7')
    consumeFailing(new Error('token=secret glucose 101'))
    const status = await bench.reader.wait(userId, jobId, 5_000)
    expect(status).to.deep.include({ status: 'failed', error: { code: 'internal_error', detail: 'Internal error' } })
    expect(gaveUp).to.deep.equal([{ key: 'syncUser', code: 'internal_error', jobId, userId }])
    expect(JSON.stringify(await bench.redis.hgetall(keyOf(jobId)))).to.not.include('secret')
  })

  const keyOf = (jobId: string) => bench.queues['bg-sync'].toKey(jobId)

  it('fails a payload of an unknown version without a run', async () => {
    const data = { v: 2, userId, trigger: 'manual', requestId: 'r' }
    await bench.queues['bg-sync'].add('sync-user', data, { jobId: 'future_0', attempts: 8, priority: 1 })
    const starts = consumeFailing()
    expect((await bench.reader.wait(userId, 'future_0', 5_000))?.status).to.equal('failed')
    expect(starts).to.deep.equal([])
    expect((await job('future_0'))?.attemptsMade).to.equal(1)
  })

  it('runs the stored follow-up also when the run before it is given up', async () => {
    const gate = createGate()
    const runs: string[] = []
    const syncUser = async (_data: unknown, { jobId }: JobContext) => {
      runs.push(jobId)
      await gate.passed
      if (runs.length === 1) throw new AppError('needs_reauth', 'Connect again')
      return RESULT
    }
    bench.consume({ syncUser }, listen)
    const first = await ask('manual')
    await until('the first run', () => runs.length === 1)
    const second = await ask('webhook')
    gate.open()
    expect((await bench.reader.wait(userId, second.jobId, 5_000))?.status).to.equal('completed')
    expect(runs).to.deep.equal([first.jobId, second.jobId])
  })

  it('lets a history window ask for the next one from inside itself', async () => {
    let windows = 0
    const importHistory = async (data: JobData<'importHistory'>) => {
      if (++windows < 4) await bench.producer.enqueue('importHistory', data)
    }
    bench.consume({ importHistory }, listen)
    await bench.producer.enqueue('importHistory', { v: 1, userId })
    await until('four windows', () => windows === 4)
    await until(
      'the end',
      async () => (await bench.queues['bg-history'].getJobCountByTypes('active', 'prioritized')) === 0,
    )
    expect(windows).to.equal(4)
  })

  it('runs the job of a killed worker again, with the follow-up that was asked for, within lock plus interval', async () => {
    const args = ['--conditions=source', script, server.url, bench.prefix, `${LOCK_MS}`, `${LOCK_MS / 2}`]
    const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const first = await ask('manual')
    await once(worker.stdout, 'data')
    const second = await ask('webhook')
    const killed = once(worker, 'exit')
    worker.kill('SIGKILL')
    await killed
    const from = performance.now()
    const starts: JobContext[] = []
    const stalled: string[] = []
    const options = { lockDurationMs: LOCK_MS, stalledIntervalMs: LOCK_MS / 2 }
    const onStalled = (_queue: string, id: string) => void stalled.push(id)
    const syncUser = async (_data: unknown, context: JobContext) => {
      starts.push(context)
      return RESULT
    }
    bench.consume({ syncUser }, { ...listen, ...options, onStalled })
    expect((await bench.reader.wait(userId, second.jobId, 10_000))?.status).to.equal('completed')
    expect(performance.now() - from).to.be.below(1.5 * LOCK_MS + 1_500)
    expect(starts.map(({ jobId, attempt }) => [jobId, attempt])).to.deep.equal([
      [first.jobId, 1],
      [second.jobId, 1],
    ])
    expect(starts[0]?.attemptsStarted).to.equal(2)
    expect(stalled).to.deep.equal([first.jobId])
  }).timeout(20_000)

  it('aborts a run that lost its lock', async () => {
    const starts: JobContext[] = []
    const gate = createGate()
    const syncUser = async (_data: unknown, context: JobContext) => {
      starts.push(context)
      await gate.passed
    }
    bench.consume({ syncUser }, { ...listen, lockDurationMs: 400, stalledIntervalMs: 60_000 })
    const { jobId } = await ask('manual')
    await until('the start', () => starts.length === 1)
    await bench.redis.del(`${keyOf(jobId)}:lock`)
    await until('the abort', () => starts[0]?.signal.aborted === true).finally(gate.open)
    expect(errors).to.not.deep.equal([])
  })

  it('waits for running jobs at the end, and hands back those that outlast the grace', async () => {
    const starts: JobContext[] = []
    const syncUser = (_data: unknown, context: JobContext) => {
      starts.push(context)
      const { promise, reject } = Promise.withResolvers<never>()
      context.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      return promise
    }
    const consumers = bench.consume({ syncUser }, listen)
    const { jobId } = await ask('manual')
    await until('the start', () => starts.length === 1)
    expect(consumers.lastStartedAt()).to.be.closeTo(Date.now(), 5_000)
    expect(await consumers.close(100)).to.deep.equal({ drained: true })
    expect(starts[0]?.signal.aborted).to.equal(true)
    expect(await statusOf(jobId)).to.include({ status: 'queued' })
    expect((await job(jobId))?.attemptsMade).to.equal(0)
    bench.consume({ syncUser: async () => RESULT }, listen)
    expect((await bench.reader.wait(userId, jobId, 5_000))?.status).to.equal('completed')
    expect(gaveUp).to.deep.equal([])
  })
})
