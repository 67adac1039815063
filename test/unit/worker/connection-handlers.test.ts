import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { expectCode } from '../../support/thrown.ts'
import { aWorker, connected, HISTORY, PUBLISH } from './a-worker.ts'

describe('worker: handlers of a connection', () => {
  describe('connect-user', () => {
    it('schedules polls, asks for a sync and begins the import', async () => {
      const worker = aWorker()
      await worker.connect()
      expect(worker.done()).to.deep.equal(['poll every 900000', 'sync poll req-1', HISTORY])
      expect(worker.store.connection()?.status).to.equal('connected')
      expect(worker.publisher.ofKind('connection.connected')).to.have.length(1)
    })

    it("keeps a person's own interval, and a pause", async () => {
      const worker = await connected()
      const connection = worker.store.connection() ?? expect.fail()
      worker.store.connect({ ...connection, pollIntervalSeconds: 60 })
      await worker.connect()
      expect(worker.done()).to.deep.equal(['poll every 60000', 'sync poll req-1', HISTORY])
      worker.store.connect({ ...connection, paused: true })
      await worker.connect()
      expect(worker.done()).to.deep.equal(['poll no more', 'sync poll req-1', HISTORY])
    })

    it('has the news published later where the broker does not take it', async () => {
      const worker = aWorker()
      worker.publisher.accept(0)
      await worker.connect()
      expect(worker.done()).to.deep.equal(['poll every 900000', 'sync poll req-1', HISTORY, PUBLISH])
    })

    it('asks for nothing where Dexcom refuses the code', async () => {
      const worker = aWorker()
      worker.dexcom.failNext('exchangeCode', new AppError('authorization_failed', 'no'))
      await expectCode(worker.connect(), 'authorization_failed')
      expect(worker.done()).to.deep.equal([])
      expect(worker.store.connection()).to.equal(null)
    })
  })

  describe('disconnect-user', () => {
    it('forgets the tokens, then ends the polls; readings and jobs stay', async () => {
      const worker = await connected()
      await worker.disconnect()
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.store.connection()).to.deep.include({ status: 'disconnected', tokens: null })
      expect(worker.store.erased).to.deep.equal([])
      expect(worker.publisher.ofKind('connection.disconnected')).to.have.length(1)
    })

    it('has the news published later where the broker does not take it', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      await worker.disconnect()
      expect(worker.done()).to.deep.equal(['poll no more', PUBLISH])
      worker.publisher.accept(Number.POSITIVE_INFINITY)
      await worker.publish()
      expect(worker.publisher.ofKind('connection.disconnected')).to.have.length(1)
    })

    it('erases everything and then the jobs that name the person', async () => {
      const worker = await connected()
      await worker.disconnect(true)
      expect(worker.done()).to.deep.equal(['poll no more', 'forget jobs', 'receipt: 0 readings, told'])
      // Twice: a job that ran meanwhile may have left something behind the first.
      const once = ['readings', 'log', 'state']
      expect(worker.store.erased).to.deep.equal([...once, ...once])
      expect(worker.publisher.ofKind('connection.disconnected')).to.have.length(0)
      expect(worker.publisher.ofKind('user.erased')).to.have.length(1)
    })

    it('leaves the polls while another run holds the person, which is not disconnected yet', async () => {
      const worker = await connected()
      worker.store.taken = true
      await expectCode(worker.disconnect(true), 'lease_taken')
      expect(worker.done()).to.deep.equal([])
      expect(worker.store.erased).to.deep.equal([])
    })

    it('erases everything while the broker is away, and comes back until it is told, once', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      await expectCode(worker.disconnect(true), 'service_unavailable')
      expect(worker.done()).to.deep.equal(['poll no more', 'forget jobs', 'receipt: 0 readings, not told'])
      expect(worker.store.erased).to.include('state')
      worker.publisher.accept(Number.POSITIVE_INFINITY)
      await worker.disconnect(true)
      await worker.disconnect(true)
      expect(worker.publisher.ofKind('user.erased')).to.have.length(1)
    })

    it('ends an erasure where no broker is configured', async () => {
      const worker = await connected({ publishing: false })
      worker.publisher.accept(0)
      await worker.disconnect(true)
      expect(worker.done()).to.include('receipt: 0 readings, not told')
    })
  })
})
