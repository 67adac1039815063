import { AppError, type ErrorCode, toInstant } from '@bg-ingest/domain'
import { JOB_KEYS, type JobContext, type JobHandlers } from '@bg-ingest/queue'
import { createLogger } from '@bg-ingest/telemetry'
import { erasingLateWrites } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { expectCode } from '../../support/thrown.ts'
import { ALICE } from './a-worker.ts'
import { scriptedPorts } from './scripted-ports.ts'

const CONTEXT: JobContext = {
  jobId: 'job_0',
  askedAt: 0,
  attempt: 1,
  attemptsStarted: 1,
  signal: new AbortController().signal,
}

describe('worker: what a frozen run wrote behind an erasure', () => {
  /** A person who was erased; the job that runs writes a reading behind that, and then fails. */
  function writingLate(code: ErrorCode) {
    const { ports, store, clock } = scriptedPorts()
    const at = toInstant(clock.now())
    store.move({
      erasure: { id: 'e', at, readings: 3, logItems: 1, told: true, entombed: true, receipt: { jobs: 0 } },
    })
    const late = async () => {
      await ports.readings.write({ id: 'l', fence: 1 }, [aStoredReading({ userId: ALICE })], () => undefined)
      throw new AppError(code, 'told by the store')
    }
    const log: string[] = []
    const handlers = erasingLateWrites(Object.fromEntries(JOB_KEYS.map((key) => [key, late])) as never as JobHandlers, {
      ports,
      logger: createLogger({ level: 'info', service: 'worker', write: (line) => log.push(line) }),
      hashUser: () => 'hash-of-a-person',
    })
    return { store, log, run: () => handlers.importHistory({ v: 1, userId: ALICE }, CONTEXT), ports }
  }

  it('is deleted by it when its lease turns out to be lost, and the job fails as it did', async () => {
    const { store, log, run } = writingLate('lease_lost')
    await expectCode(run(), 'lease_lost')
    expect(store.stored()).to.deep.equal([])
    expect(store.state().erasure).to.include({ readings: 4 })
    expect(log).to.have.length(1)
    expect(JSON.parse(log[0] ?? '')).to.include({ level: 'warn', user: 'hash-of-a-person', readings: 1 })
  })

  it('is looked for behind no other failure, nor of people who are there', async () => {
    const other = writingLate('upstream_unavailable')
    await expectCode(other.run(), 'upstream_unavailable')
    expect(other.store.erased).to.deep.equal([])
    const back = writingLate('lease_lost')
    back.ports.accounts.connection = async () => ({}) as never
    await expectCode(back.run(), 'lease_lost')
    expect(back.store.erased).to.deep.equal([])
    expect(back.log).to.deep.equal([])
  })

  it('is said to be left where the store does not answer, and the job still fails as it did', async () => {
    const { ports, log, run } = writingLate('lease_lost')
    ports.readings.eraseAll = () => Promise.reject(new Error('DynamoDB is away'))
    await expectCode(run(), 'lease_lost')
    expect(log.join()).to.include('could not look for what was written').and.not.include('alice')
  })
})
