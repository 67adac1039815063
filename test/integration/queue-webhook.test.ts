import { NO_COUNTS, type SyncResult, toInstant, type UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const RESULT: SyncResult = { from: toInstant(0), to: toInstant(1), ...NO_COUNTS, fetched: 3, durationMs: 1 }

describe('queue: webhook deliveries', () => {
  let server: LocalRedis
  let bench: QueueBench
  let userId: UserId

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    userId = aUser()
  })
  afterEach(() => bench.close())

  const accept = (over = {}) =>
    bench.producer.acceptWebhook({ userId, webhookId: 'msg_1', sealed: null, digest: 'body', requestId: 'r', ...over })
  const counts = () => bench.queues['bg-sync'].getJobCounts('prioritized', 'waiting', 'active', 'completed')
  const completed = (jobId: string) =>
    until('the job has ended', async () => (await bench.reader.status(userId, jobId))?.status === 'completed')

  it('are taken once, however often one comes and however many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => accept()))
    expect(answers.filter(({ duplicate }) => !duplicate)).to.have.length(1)
    expect(new Set(answers.map(({ jobId }) => jobId))).to.have.length(1)
    expect((await counts())['prioritized']).to.equal(1)
  })

  it('are known by the id of the sender, and by nothing else', async () => {
    const first = await accept()
    expect(await accept({ webhookId: 'msg_2' })).to.include({ duplicate: false })
    expect(await accept({ requestId: 'another' })).to.deep.equal({ ...first, duplicate: true })
  })

  it('cannot be had again for another person under the same id, however many at once (H8)', async () => {
    const people = Array.from({ length: 20 }, aUser)
    const answers = await Promise.all(people.map((one) => accept({ userId: one })))
    expect(answers.filter(({ samePerson }) => samePerson)).to.have.length(1)
    expect(answers.filter(({ duplicate }) => !duplicate)).to.deep.equal(answers.filter(({ samePerson }) => samePerson))
    expect((await counts())['prioritized']).to.equal(1)
  })

  it('are told apart where another body comes under an id that is taken', async () => {
    await accept()
    expect(await accept({ digest: 'another body' })).to.include({ duplicate: true, sameBody: false })
    expect((await counts())['prioritized']).to.equal(1)
  })

  it('stay known when their job has ended and is gone', async () => {
    bench.consume({ ingestPush: async () => RESULT })
    const { jobId } = await accept()
    await completed(jobId)
    expect(await accept({ digest: 'another body' })).to.include({ duplicate: true, sameBody: false })
    // As BullMQ does by age, in one script with the end of another job: the claim is not given back.
    await bench.work.del(`${bench.prefix}:bg-sync:${jobId}`)
    expect(await accept()).to.deep.equal({ jobId, duplicate: true, samePerson: true, sameBody: true })
    expect(await accept({ digest: 'another body' })).to.include({ samePerson: true, sameBody: false })
    expect(await accept({ userId: aUser() })).to.include({ samePerson: false })
  })

  it('are remembered for a day', async () => {
    await accept()
    const claims = await bench.work.keys(`${bench.prefix}:bg-sync:de:*`)
    expect(claims).to.have.length(1)
    expect(await bench.work.pttl(String(claims[0]))).to.be.within(86_390_000, 86_400_000)
  })

  it('can be asked about like a sync: pushed readings are one', async () => {
    const { jobId } = await accept({ sealed: 'sealed' })
    expect(await bench.reader.status(userId, jobId)).to.include({ status: 'queued', trigger: 'webhook', result: null })
    bench.consume({ ingestPush: async () => RESULT })
    const ended = await bench.reader.wait(userId, jobId, 5_000)
    expect(ended).to.deep.include({ jobId, status: 'completed', trigger: 'webhook', result: RESULT })
    expect(await bench.reader.status(aUser(), jobId)).to.equal(null)
  })

  it('can be asked about like a sync: a notice stands for the one it led to', async () => {
    bench.consume({
      ingestPush: async () => {
        const { jobId } = await bench.producer.requestSync({ userId, trigger: 'webhook', requestId: 'r' })
        return { syncJobId: jobId }
      },
      syncUser: async () => RESULT,
    })
    const { jobId } = await accept()
    const status = () => bench.reader.status(userId, jobId)
    await until('the sync that it led to has ended', async () => (await status())?.result != null)
    expect(await status()).to.deep.include({ jobId, status: 'completed', trigger: 'webhook', result: RESULT })
  })
})
