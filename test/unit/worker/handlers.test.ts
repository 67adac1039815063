import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aMeasurement } from '../../support/build.ts'
import { expectCode } from '../../support/thrown.ts'
import { aWorker } from './a-worker.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const HISTORY = 'enqueue importHistory v1 alice'
const PUBLISH = 'enqueue publishChanges v1 alice'

/** A worker whose person is connected, and has nothing else to do. */
async function connected(over: Parameters<typeof aWorker>[0] = {}) {
  const worker = aWorker(over)
  await worker.connect()
  await worker.importHistory()
  worker.done()
  return worker
}
const measured = (worker: ReturnType<typeof aWorker>, agoMs: number) =>
  aMeasurement({ timestamp: toInstant(worker.clock.now() - agoMs) })

describe('worker: handlers', () => {
  describe('poll-tick', () => {
    it('only asks for a sync, without a look at the person', async () => {
      const worker = aWorker()
      await worker.tick()
      expect(worker.done()).to.deep.equal(['sync poll id-1'])
      expect(worker.dexcom.asked).to.deep.equal([])
    })
  })

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
      expect(worker.done()).to.deep.equal(['sync poll req-1', HISTORY])
    })

    it('asks for nothing where Dexcom refuses the code', async () => {
      const worker = aWorker()
      worker.dexcom.failNext('exchangeCode', new AppError('authorization_failed', 'no'))
      await expectCode(worker.connect(), 'authorization_failed')
      expect(worker.done()).to.deep.equal([])
      expect(worker.store.connection()).to.equal(null)
    })
  })

  describe('sync-user', () => {
    it('answers with its counts and asks for nothing more where all is told and imported', async () => {
      const worker = await connected()
      worker.dexcom.add(measured(worker, HOUR_MS))
      expect(await worker.sync()).to.deep.include({ fetched: 1, stored: 1, updated: 0, unchanged: 0, rejected: 0 })
      expect(worker.done()).to.deep.equal([])
      expect(worker.publisher.ofKind('readings.changed')).to.have.length(1)
    })

    it('stores and tells once, run twice', async () => {
      const worker = await connected()
      worker.dexcom.add(measured(worker, HOUR_MS))
      await worker.sync()
      expect(await worker.sync()).to.deep.include({ stored: 0, unchanged: 1 })
      expect(worker.publisher.ofKind('readings.changed')).to.have.length(1)
      expect(worker.store.stored()).to.have.length(1)
    })

    it('has what the broker did not take published later, where there is a broker', async () => {
      for (const [publishing, asked] of [
        [true, [PUBLISH]],
        [false, []],
      ] as const) {
        const worker = await connected({ publishing })
        worker.publisher.accept(0)
        worker.dexcom.add(measured(worker, HOUR_MS))
        expect(await worker.sync()).to.deep.include({ stored: 1 })
        expect(worker.done()).to.deep.equal(asked)
      }
    })

    it('goes on with an import that has not ended, for whatever reason', async () => {
      const worker = await connected()
      for (const state of ['none', 'running', 'failed'] as const) {
        worker.store.move({ history: { ...worker.store.state().history, state } })
        await worker.sync()
        expect(worker.done(), state).to.deep.equal([HISTORY])
      }
    })

    it('counts by trigger and seconds how it ended', async () => {
      const worker = await connected()
      worker.dexcom.beforeNext('fetchReadings', () => worker.clock.advance(1500))
      await worker.sync('manual')
      worker.dexcom.failNext('fetchReadings', new AppError('upstream_unavailable', 'away'))
      await expectCode(worker.sync(), 'upstream_unavailable')
      worker.dexcom.failNext('fetchReadings', new AppError('invalid_request', 'ours'))
      await expectCode(worker.sync(), 'invalid_request')
      expect(worker.finished).to.deep.equal([
        { trigger: 'manual', outcome: 'completed', seconds: 1.5 },
        { trigger: 'poll', outcome: 'retried', seconds: 0 },
        { trigger: 'poll', outcome: 'failed', seconds: 0 },
      ])
      expect(worker.done()).to.deep.equal([])
    })

    it('does not count a run that found the lease taken, and leaves the schedule', async () => {
      const worker = await connected()
      worker.store.taken = true
      await expectCode(worker.sync(), 'lease_taken')
      expect(worker.finished).to.deep.equal([])
      expect(worker.done()).to.deep.equal([])
    })

    it('ends the polls of a person who has to connect again, and never calls Dexcom for them', async () => {
      const worker = await connected()
      worker.dexcom.expireAccess()
      worker.dexcom.revoke()
      await expectCode(worker.sync(), 'needs_reauth')
      expect(worker.finished).to.deep.equal([{ trigger: 'poll', outcome: 'needs_reauth', seconds: 0 }])
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.publisher.ofKind('connection.needs_reauth')).to.have.length(1)

      const asked = worker.dexcom.asked.length
      await expectCode(worker.sync(), 'needs_reauth')
      expect(worker.dexcom.asked).to.have.length(asked)
      expect(worker.done()).to.deep.equal(['poll no more'])
    })

    it('ends the polls of a person who is not connected', async () => {
      const worker = aWorker()
      await expectCode(worker.sync(), 'not_connected')
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.dexcom.asked).to.deep.equal([])
    })
  })

  describe('import-history', () => {
    it('asks for the next window until the last', async () => {
      const worker = aWorker()
      await worker.connect()
      worker.done()
      worker.dexcom.add(measured(worker, HOUR_MS), measured(worker, 40 * DAY_MS), measured(worker, 70 * DAY_MS))
      const asked: (readonly string[])[] = []
      do {
        await worker.importHistory()
        asked.push(worker.done())
      } while (asked.at(-1)?.length)
      expect(asked).to.deep.equal([[HISTORY], [HISTORY], []])
      expect(worker.store.state().history).to.deep.include({ state: 'complete', readings: 3 })
      expect(worker.store.stored()).to.have.length(3)
    })

    it('asks for nothing where it fails: the queue tries it again', async () => {
      const worker = aWorker()
      await worker.connect()
      worker.done()
      worker.dexcom.failNext('dataRange', new AppError('upstream_unavailable', 'away'))
      await expectCode(worker.importHistory(), 'upstream_unavailable')
      expect(worker.done()).to.deep.equal([])
    })
  })

  describe('disconnect-user', () => {
    it('ends the polls first, then forgets the tokens; readings and jobs stay', async () => {
      const worker = await connected()
      await worker.disconnect()
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.store.connection()).to.deep.include({ status: 'disconnected', tokens: null })
      expect(worker.store.erased).to.deep.equal([])
      expect(worker.publisher.ofKind('connection.disconnected')).to.have.length(1)
    })

    it('erases everything and then the jobs that name the person', async () => {
      const worker = await connected()
      await worker.disconnect(true)
      expect(worker.done()).to.deep.equal(['poll no more', 'forget jobs'])
      expect(worker.store.erased).to.deep.equal(['readings', 'log', 'state'])
      expect(worker.publisher.ofKind('user.erased')).to.have.length(1)
    })

    it('ends the polls even where it cannot go on yet', async () => {
      const worker = await connected()
      worker.store.taken = true
      await expectCode(worker.disconnect(true), 'lease_taken')
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.store.erased).to.deep.equal([])
    })

    it('does not forget the jobs of an erasure that is not told yet, since its own is one of them', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      await expectCode(worker.disconnect(true), 'service_unavailable')
      expect(worker.done()).to.deep.equal(['poll no more'])
      expect(worker.store.erased).not.to.include('state')
    })
  })

  describe('publish-changes', () => {
    it('publishes what waits, in order', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      for (const agoMs of [2 * HOUR_MS, HOUR_MS]) {
        worker.dexcom.add(measured(worker, agoMs))
        await worker.sync()
      }
      worker.publisher.accept(Number.POSITIVE_INFINITY)
      await worker.publish()
      const ranges = worker.publisher.ofKind('readings.changed').map(({ data }) => [data.fromSequence, data.toSequence])
      expect(ranges).to.deep.equal([
        [1, 1],
        [2, 2],
      ])
    })

    it('fails, to be tried again, where the broker did not take everything', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      for (const agoMs of [2 * HOUR_MS, HOUR_MS]) {
        worker.dexcom.add(measured(worker, agoMs))
        await worker.sync()
      }
      worker.publisher.accept(1)
      const error = await expectCode(worker.publish(), 'service_unavailable')
      expect(error.retryable).to.equal(true)
      expect(worker.store.state()).to.deep.include({ committedSequence: 2, publishedSequence: 1 })
    })
  })
})
