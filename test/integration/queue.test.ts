import { NO_COUNTS, PRIORITY, type SyncResult, toInstant, type UserId } from '@bg-ingest/domain'
import { followUpOf, type JobContext, type SyncTrigger } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { createGate, type Gate, until } from '../support/until.ts'

const RESULT: SyncResult = { from: toInstant(0), to: toInstant(1), ...NO_COUNTS, durationMs: 1 }
const range = { from: toInstant(0), to: toInstant(1_000) }

describe('queue: asking for a sync', () => {
  let server: LocalRedis
  let bench: QueueBench
  let userId: UserId
  let gates: Gate[] = []

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    userId = aUser()
  })
  afterEach(async () => {
    for (const gate of gates) gate.open()
    await bench.close()
  })

  const ask = (trigger: SyncTrigger, more = {}) =>
    bench.producer.requestSync({ userId, trigger, requestId: 'r', ...more })
  const queued = async (jobId: string) => bench.queues['bg-sync'].getJob(jobId)
  const statusOf = async (jobId: string) => bench.reader.status(userId, jobId)

  /** Workers whose runs stay inside until their gate opens; `runs` lists the job ids in order of start. */
  function consumeGated() {
    gates = [createGate(), createGate(), createGate()]
    const runs: string[] = []
    let inside = 0
    let most = 0
    const syncUser = async (_data: unknown, { jobId }: JobContext) => {
      runs.push(jobId)
      most = Math.max(most, ++inside)
      await gates[runs.length - 1]?.passed
      inside--
      return RESULT
    }
    bench.consume({ syncUser })
    return { runs, open: (run: number) => gates[run]?.open(), most: () => most }
  }

  it('attaches to the sync that waits and makes it as urgent as the caller', async () => {
    const first = await ask('poll')
    expect(first.attached).to.equal(false)
    expect((await queued(first.jobId))?.priority).to.equal(PRIORITY.poll)
    expect(await ask('webhook')).to.deep.equal({ jobId: first.jobId, attached: true })
    expect((await queued(first.jobId))?.priority).to.equal(PRIORITY.webhook)
    expect(await ask('manual')).to.deep.equal({ jobId: first.jobId, attached: true })
    expect(await ask('poll')).to.deep.equal({ jobId: first.jobId, attached: true })
    expect((await queued(first.jobId))?.priority).to.equal(PRIORITY.manual)
    expect(await bench.queues['bg-sync'].getJobCountByTypes('prioritized', 'waiting', 'delayed')).to.equal(1)
  })

  it('ends the delay of a sync that waits for its next try when a person asks, and then alone', async () => {
    const first = await ask('poll')
    const { runs, open } = consumeGated()
    await until('the first run', () => runs.length === 1)
    open(0)
    await bench.reader.wait(userId, first.jobId, 5_000)
    const id = `${first.jobId.slice(0, -1)}5`
    const dedup = (await queued(first.jobId))?.deduplicationId ?? ''
    const data = { v: 1, userId, trigger: 'poll', requestId: 'r' }
    const opts = { jobId: id, delay: 60_000, priority: 10, deduplication: { id: dedup } }
    await bench.queues['bg-sync'].add('sync-user', data, opts)
    expect(await ask('webhook')).to.deep.equal({ jobId: id, attached: true })
    expect((await statusOf(id))?.status).to.equal('queued')
    expect(await bench.queues['bg-sync'].getJobState(id)).to.equal('delayed')
    expect(await ask('manual')).to.deep.equal({ jobId: id, attached: true })
    await until('the promoted run', () => runs.length === 2)
    open(1)
  })

  it('grants ten calls during a run one more run, under one id', async () => {
    const { runs, open, most } = consumeGated()
    const first = await ask('manual')
    await until('the first run', () => runs.length === 1)
    const before = await ask('webhook')
    const calls = await Promise.all(Array.from({ length: 9 }, (_, n) => ask(n % 2 ? 'manual' : 'webhook')))
    expect(before).to.deep.equal({ jobId: followUpOf(first.jobId), attached: false })
    for (const call of calls) expect(call).to.deep.equal({ jobId: before.jobId, attached: true })

    expect(await statusOf(first.jobId)).to.include({ status: 'active' })
    expect(await statusOf(before.jobId)).to.include({ status: 'queued', trigger: 'manual' })
    expect(await bench.reader.status(aUser(), before.jobId), 'for another user').to.equal(null)
    expect(await statusOf(followUpOf(before.jobId) ?? ''), 'nobody asked for it').to.equal(null)
    expect(await bench.queues['bg-sync'].getJob(before.jobId), 'not made yet').to.equal(undefined)

    const ended = bench.reader.wait(userId, before.jobId, 10_000)
    open(0)
    await until('the second run', () => runs.length === 2)
    open(1)
    expect(await ended).to.include({ status: 'completed' })
    expect((await ended)?.result).to.deep.equal(RESULT)
    expect(runs).to.deep.equal([first.jobId, before.jobId])
    expect(most()).to.equal(1)
    expect(await bench.queues['bg-sync'].getJobCountByTypes('prioritized', 'waiting', 'delayed', 'active')).to.equal(0)
  })

  it('drops a poll that meets a running sync', async () => {
    const { runs, open } = consumeGated()
    const first = await ask('manual')
    await until('the first run', () => runs.length === 1)
    expect(await ask('poll')).to.deep.equal({ jobId: first.jobId, attached: true })
    open(0)
    await bench.reader.wait(userId, first.jobId, 5_000)
    expect(await statusOf(followUpOf(first.jobId) ?? '')).to.equal(null)
    expect((await ask('poll')).attached, 'afterwards').to.equal(false)
    open(1)
  })

  it('keeps a sync of a range apart from the ordinary one', async () => {
    const ordinary = await ask('manual')
    const ranged = await ask('manual', { range })
    expect(ranged.attached).to.equal(false)
    expect(ranged.jobId).to.not.equal(ordinary.jobId)
    expect(await ask('webhook')).to.deep.equal({ jobId: ordinary.jobId, attached: true })
    expect(await ask('manual', { range })).to.deep.equal({ jobId: ranged.jobId, attached: true })
    expect((await queued(ranged.jobId))?.data.range).to.deep.equal(range)
  })

  /** Does something between what the next call reads of the holder and what it does about it. */
  function interleave(step: () => Promise<unknown>) {
    const { redis } = bench
    const hmget = redis.hmget.bind(redis)
    const slow = async (key: string, ...fields: string[]) => {
      Object.assign(redis, { hmget })
      await step()
      return hmget(key, ...fields)
    }
    Object.assign(redis, { hmget: slow })
  }

  it('earns a new run when the follow-up it was about to join has run already', async () => {
    const { runs, open } = consumeGated()
    await ask('manual')
    await until('the first run', () => runs.length === 1)
    interleave(async () => {
      const { jobId } = await ask('webhook')
      open(0)
      open(1)
      await bench.reader.wait(userId, jobId, 5_000)
    })
    const call = await ask('manual')
    await until('a run after the call', () => runs.length === 3)
    expect(call).to.deep.equal({ jobId: runs[2], attached: false })
  })

  it('names the same follow-up as everybody else when another run began meanwhile', async () => {
    const { runs, open } = consumeGated()
    const first = await ask('manual')
    await until('the first run', () => runs.length === 1)
    interleave(async () => {
      open(0)
      await bench.reader.wait(userId, first.jobId, 5_000)
      await ask('webhook')
      await until('the second run', () => runs.length === 2)
    })
    const call = await ask('manual')
    expect(call.jobId).to.equal(followUpOf(runs[1] ?? ''))
    expect(await ask('webhook')).to.deep.equal({ jobId: call.jobId, attached: true })
    open(1)
    open(2)
    expect((await bench.reader.wait(userId, call.jobId, 5_000))?.status).to.equal('completed')
  })

  it('loses no call in 200 races with the end of a run, and never runs a user twice at a time', async function () {
    this.timeout(60_000)
    let clock = 0
    let inside = 0
    let most = 0
    const lastStart = new Map<string, number>()
    let runs = 0
    const syncUser = async (_data: unknown, { jobId }: JobContext) => {
      lastStart.set(jobId, ++clock)
      most = Math.max(most, ++inside)
      runs++
      for (let turn = 0; turn < runs % 7; turn++) await bench.work.ping()
      inside--
    }
    bench.consume({ syncUser })
    const calls: { readonly askedAt: number; readonly jobId: string }[] = []
    for (let race = 0; race < 200; race++) {
      const trigger = race % 2 ? 'manual' : 'webhook'
      const one = async () => {
        const askedAt = ++clock
        calls.push({ askedAt, ...(await ask(trigger)) })
      }
      await Promise.all(Array.from({ length: 1 + (race % 3) }, one))
      for (let turn = 0; turn < race % 5; turn++) await bench.redis.ping()
    }
    const missed = () => calls.filter(({ askedAt, jobId }) => (lastStart.get(jobId) ?? 0) < askedAt)
    await until('every call had its run', () => missed().length === 0, 10_000).catch(() => undefined)
    expect(missed()).to.deep.equal([])
    expect(most).to.equal(1)
    expect(runs).to.be.at.most(calls.length)
  })
})
