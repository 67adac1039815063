import { type BgIngestClient, createClient } from '@bg-ingest/client'
import { toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, aSync, NOBODY, type TestApi } from '../api/an-api.ts'
import { refusalOf } from './scripted-fetch.ts'

const COUNT = 25

describe('client: every method, on the real HTTP surface', () => {
  let api: TestApi
  let client: BgIngestClient
  const readings = Array.from({ length: COUNT }, (_, i) => aStoredReading({ userId: ALICE, sequence: i + 1 }))
  const newestFirst = readings.map(({ timestamp }) => timestamp).reverse()
  const SPAN = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }

  before(async () => {
    api = await anApi()
    const token = await api.token('alice')
    client = createClient({ baseUrl: `http://127.0.0.1:${api.port}/`, token, retries: { attempts: 1 } })
  })
  beforeEach(() => {
    api.reset()
    api.behind.readings = readings
  })
  after(() => api.close())

  const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const seen: T[] = []
    for await (const item of items) seen.push(item)
    return seen
  }

  it('latest, and again with its tag', async () => {
    const { reading, etag } = await client.latest('alice', { unit: 'mmol/L' })
    expect([reading.timestamp, reading.unit]).to.deep.equal([newestFirst[0], 'mmol/L'])
    expect(reading.freshness.state).to.be.a('string')
    expect(await client.latest('alice', { unit: 'mmol/L', etag: etag ?? '' })).to.deep.equal({ reading: null, etag })
    const other = await client.latest('alice', { etag: etag ?? '' })
    expect(other.reading?.unit).to.equal('mg/dL')
  })

  it('readings, one by one over all pages', async () => {
    for (const pageSize of [1, 7, COUNT, 1000]) {
      const before = api.behind.reads
      const seen = await all(client.readings('alice', { ...SPAN, pageSize }))
      expect(seen.map(({ timestamp }) => timestamp)).to.deep.equal(newestFirst)
      // A page is one look at the readings and one at the account.
      expect(api.behind.reads - before).to.equal(2 * Math.ceil(COUNT / pageSize))
    }
    const some = await all(client.readings('alice', { ...SPAN, type: ['manual', 'calibration'], unit: 'mmol/L' }))
    expect(some).to.deep.equal([])
  })

  it('readings asks for a page only when it is wanted', async () => {
    for await (const { readings: page, next } of client.readingPages('alice', { ...SPAN, pageSize: 10 })) {
      expect([page.length, typeof next]).to.deep.equal([10, 'string'])
      break
    }
    expect(api.behind.reads).to.equal(2)
  })

  it('changes, in ranges that adjoin', async () => {
    const pages = await all(client.changes('alice', { pageSize: 10 }))
    expect(pages.map(({ after, through, more }) => [after, through, more])).to.deep.equal([
      [0, 10, true],
      [10, 20, true],
      [20, 25, false],
    ])
    expect(pages.flatMap(({ changes }) => changes.map(({ sequence }) => sequence))).to.deep.equal(
      readings.map(({ sequence }) => sequence),
    )
    expect((await all(client.changes('alice', { after: COUNT }))).map(({ changes }) => changes)).to.deep.equal([[]])
  })

  it('changes of somebody who was erased: begin again', async () => {
    expect((await refusalOf(all(client.changes('alice', { after: COUNT + 1 })))).code).to.equal('feed_restarted')
  })

  it('sync, at once or with a wait, and how it stands', async () => {
    expect(await client.sync('alice')).to.deep.include({ jobId: 'job_0', status: 'queued', attached: false })
    const span = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' }
    api.behind.outcome = aSync({ status: 'completed' })
    expect((await client.sync('alice', { ...span, waitSeconds: 30 })).status).to.equal('completed')
    expect(api.behind.waits).to.deep.equal([30_000])
    expect(api.behind.requested.at(-1)).to.deep.include({
      range: { from: toInstant(Date.parse(span.from)), to: toInstant(Date.parse(span.to)) },
    })
    api.behind.syncs.set('job_0', aSync({ status: 'active' }))
    expect((await client.syncStatus('alice', 'job_0')).status).to.equal('active')
    expect((await refusalOf(client.syncStatus('alice', 'job_1'))).code).to.equal('not_found')
  })

  it('connections', async () => {
    expect((await client.getConnection('alice')).status).to.equal('connected')
    const { authorizationUrl } = await client.createConnection('alice', { region: 'EU' })
    expect(authorizationUrl).to.include('/oauth/start/')
    api.behind.outcome = aSync({ status: 'completed' })
    expect((await client.patchConnection('alice', { paused: true })).userId).to.equal('alice')
    expect((await client.deleteConnection('alice')).status).to.equal('queued')
    await client.deleteConnection('alice', { erase: true })
    const erased = api.behind.enqueued.filter(({ key }) => key === 'disconnectUser')
    expect(erased.map(({ input }) => (input as { erase: boolean }).erase)).to.deep.equal([false, true])
  })

  it('tells what is wrong, and with what', async () => {
    const wrong = await refusalOf(client.patchConnection('alice', { pollIntervalSeconds: 1 }))
    expect([wrong.code, wrong.status, wrong.errors.map(({ pointer }) => pointer)]).to.deep.equal([
      'invalid_request',
      400,
      ['/pollIntervalSeconds'],
    ])
    expect(wrong.message).to.include('/pollIntervalSeconds must be at least 60')
    expect(wrong.requestId).to.match(/^[0-9a-f-]{36}$/)
    expect((await refusalOf(client.latest('bob'))).code).to.equal('forbidden')
    api.behind.account = NOBODY
    expect((await refusalOf(client.sync('alice'))).code).to.equal('not_connected')
    api.behind.readings = []
    expect((await refusalOf(client.latest('alice'))).code).to.equal('no_readings')
  })

  it('takes ids that need encoding', async () => {
    const id = 'auth0|a:b+c=d@e~f'
    const token = await api.token(id)
    const other = createClient({ baseUrl: `http://127.0.0.1:${api.port}`, token })
    expect((await other.getConnection(id)).userId).to.equal(id)
  })
})
