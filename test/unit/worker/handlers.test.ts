import { AppError, toInstant } from '@bg-ingest/domain'
import { definitionOf } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aMeasurement } from '../../support/build.ts'
import { expectCode } from '../../support/thrown.ts'
import { aWorker, connected, HISTORY, PUBLISH } from './a-worker.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

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
      // Nobody polls them any more, so the news could wait for the broker for ever.
      expect(worker.done()).to.deep.equal(['poll no more', PUBLISH])
      expect(worker.publisher.ofKind('connection.needs_reauth')).to.have.length(1)

      const asked = worker.dexcom.asked.length
      await expectCode(worker.sync(), 'needs_reauth')
      expect(worker.dexcom.asked).to.have.length(asked)
      expect(worker.done()).to.deep.equal(['poll no more', PUBLISH])
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

    it('leaves no failed job behind when the broker stays away: what waits is asked for anew by others', async () => {
      const worker = await connected()
      worker.publisher.accept(0)
      worker.dexcom.add(measured(worker, HOUR_MS))
      await worker.sync()
      const { attempts = 0 } = definitionOf('publishChanges').options
      await expectCode(worker.publish(attempts - 1), 'service_unavailable')
      expect(await worker.publish(attempts)).to.deep.equal({ pending: true })
      expect(worker.store.state()).to.deep.include({ committedSequence: 1, publishedSequence: 0 })
    })
  })
})
