import { toInstant } from '@bg-ingest/domain'
import { createLogger } from '@bg-ingest/telemetry'
import { createOnPoison } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { expectCode } from '../../support/thrown.ts'
import { ALICE, connected } from './a-worker.ts'

type Worker = Awaited<ReturnType<typeof connected>>

describe('worker: a parked person', () => {
  const connectionOf = ({ store }: Worker) => store.connection() ?? expect.fail()
  const poisonOf = (worker: Worker) => {
    const log: string[] = []
    const onPoison = createOnPoison({
      ports: worker.ports,
      logger: createLogger({ level: 'info', service: 'worker', write: (line) => log.push(line) }),
      hashUser: () => 'hash-of-a-person',
      handlerNeeds: { schedules: { remove: async () => void log.push('poll no more') } },
    })
    return { log, onPoison }
  }
  const park = async (worker: Worker) => {
    const { onPoison } = poisonOf(worker)
    await onPoison('syncUser', { v: 1, userId: ALICE, trigger: 'poll', requestId: 'r' }, 'job_7')
  }

  it('keeps the connection, shows the problem and is polled no more; the log names nobody', async () => {
    const worker = await connected()
    const { onPoison, log } = poisonOf(worker)
    await onPoison('syncUser', { v: 1, userId: ALICE, trigger: 'poll', requestId: 'r' }, 'job_7')
    const { status, problem, parkedAt, tokens } = connectionOf(worker)
    expect([status, problem?.code, parkedAt]).to.deep.equal(['connected', 'parked', toInstant(worker.clock.now())])
    expect(tokens).not.to.equal(null)
    expect(log).to.include('poll no more')
    expect(log.join()).to.include('hash-of-a-person').and.not.include('alice')
  })

  it('is not parked for a job that is not about their data', async () => {
    const worker = await connected()
    const { onPoison } = poisonOf(worker)
    await onPoison('publishChanges', { v: 1, userId: ALICE }, 'job_7')
    expect(connectionOf(worker).parkedAt).not.to.be.a('string')
  })

  it('is fetched for by no poll, no webhook and no import, but by hand, which releases them', async () => {
    const worker = await connected()
    await park(worker)
    const calls = worker.dexcom.asked.length
    for (const run of [worker.importHistory, () => worker.sync('poll'), () => worker.sync('webhook')])
      await expectCode(run(), 'not_connected')
    await expectCode(worker.push('unread'), 'not_connected')
    expect(worker.dexcom.asked.length).to.equal(calls)
    expect(connectionOf(worker).parkedAt).to.be.a('string')
    worker.done()
    await worker.sync('manual')
    expect(connectionOf(worker)).to.deep.include({ parkedAt: null, problem: null })
    expect(worker.done()).to.include('poll every 900000')
  })

  for (const [body, releases] of [
    [{ paused: false }, true],
    [{ paused: true }, false],
    [{ pollIntervalSeconds: 60 }, false],
  ] as const)
    it(`is ${releases ? '' : 'not '}released by ${JSON.stringify(body)}`, async () => {
      const worker = await connected()
      await park(worker)
      worker.done()
      await worker.configure(body)
      expect(Boolean(connectionOf(worker).parkedAt)).to.equal(!releases)
      expect(worker.done()).to.deep.equal([releases ? 'poll every 900000' : 'poll no more'])
    })

  describe('configure-user', () => {
    it('polls at the new pace, pauses, and tells the registry first', async () => {
      const worker = await connected()
      await worker.configure({ pollIntervalSeconds: 120 })
      await worker.configure({ paused: true })
      await worker.configure({ paused: false })
      expect(worker.done()).to.deep.equal(['poll every 120000', 'poll no more', 'poll every 120000'])
      expect(worker.store.registered).to.deep.include({ paused: false, pollIntervalSeconds: 120 })
    })

    it('is not_connected for who is not, and schedules nothing', async () => {
      const worker = await connected()
      await worker.disconnect()
      worker.done()
      await expectCode(worker.configure({ paused: false }), 'not_connected')
      expect(worker.done()).to.deep.equal([])
    })
  })
})
