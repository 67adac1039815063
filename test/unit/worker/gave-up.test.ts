import { AppError } from '@bg-ingest/domain'
import { createLogger } from '@bg-ingest/telemetry'
import { createOnGaveUp } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { ALICE } from './a-worker.ts'
import { scriptedPorts } from './scripted-ports.ts'

const CANARY = 'c4n4ry'

describe('worker: a job that is given up', () => {
  function aWorld() {
    const scripted = scriptedPorts()
    const log: string[] = []
    const logger = createLogger({ level: 'info', service: 'worker', write: (line) => log.push(line) })
    const gaveUp = createOnGaveUp({ ports: scripted.ports, logger, hashUser: () => 'hash-of-a-person' })
    return { ...scripted, log, gaveUp }
  }
  const error = new AppError('upstream_unavailable', 'Dexcom cannot be reached', { cause: new Error(CANARY) })
  const sync = { v: 1, userId: ALICE, trigger: 'poll', requestId: 'req-1' } as const

  it('leaves one line that names the job and the error, and nobody', async () => {
    const { gaveUp, log } = aWorld()
    await gaveUp('syncUser', sync, error, 'job_7')
    expect(log).to.have.length(1)
    expect(JSON.parse(log[0] ?? '')).to.deep.include({
      level: 'error',
      job: 'syncUser',
      jobId: 'job_7',
      user: 'hash-of-a-person',
    })
    expect(log[0]).to.include('upstream_unavailable').and.not.include('alice').and.not.include(CANARY)
  })

  it('tells the world of a sync, with the code alone; told twice it has the same id', async () => {
    const { gaveUp, publisher } = aWorld()
    await gaveUp('syncUser', sync, error, 'job_7')
    await gaveUp('syncUser', sync, error, 'job_7')
    const [first, second] = publisher.ofKind('sync.failed')
    expect(first?.data).to.deep.equal({
      userId: 'alice',
      jobId: 'job_7',
      code: 'upstream_unavailable',
      at: '2026-11-20T12:00:00.000Z',
    })
    expect(first?.id).to.equal(second?.id)
    expect(JSON.stringify(first)).not.to.include(CANARY).and.not.include('reached')
  })

  it('marks an import as failed, and tells nobody', async () => {
    const { gaveUp, publisher, store } = aWorld()
    await gaveUp('importHistory', { v: 1, userId: ALICE }, error, 'job_7')
    expect(store.state().history.state).to.equal('failed')
    expect(publisher.taken).to.deep.equal([])
  })

  it('wants nothing kept of a job that finds nobody, since it names who was erased, and tells nobody', async () => {
    const { gaveUp, publisher } = aWorld()
    const nobody = new AppError('not_connected', 'This person is not connected')
    expect(await gaveUp('syncUser', sync, nobody, 'job_7')).to.equal('forget')
    expect(publisher.taken).to.deep.equal([])
    expect(await gaveUp('syncUser', sync, error, 'job_8'), 'any other end').to.equal(undefined)
  })

  it('does no more for other jobs', async () => {
    const { gaveUp, publisher, store, log } = aWorld()
    await gaveUp('publishChanges', { v: 1, userId: ALICE }, error, 'job_7')
    await gaveUp('disconnectUser', { v: 1, userId: ALICE, erase: true, requestId: 'req-1' }, error, 'job_8')
    expect(log).to.have.length(2)
    expect([publisher.taken, store.state().history.state]).to.deep.equal([[], 'none'])
  })
})
