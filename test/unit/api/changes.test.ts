import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, type TestApi } from './an-api.ts'

describe('api: the change feed', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => {
    api.reset()
    api.behind.readings = [1, 2, 3].map((sequence) => aStoredReading({ userId: ALICE, sequence }))
  })
  after(() => api.close())

  const feed = (query = '', ask = {}) => api.ask(`/api/bg/alice/changes${query}`, ask)

  it('begins at the first sequence', async () => {
    const { status, json, headers } = await feed()
    expect(status).to.equal(200)
    expect(json).to.have.all.keys('userId', 'after', 'through', 'latestSequence', 'more', 'changes')
    expect(json).to.deep.include({ userId: 'alice', after: 0, through: 3, latestSequence: 3, more: false })
    const changes = json['changes'] as unknown as { sequence: number; kind: string; reading: { unit: string } }[]
    expect(changes.map(({ sequence, kind }) => `${sequence} ${kind}`)).to.deep.equal([
      '1 created',
      '2 created',
      '3 created',
    ])
    expect(changes[0]?.reading).to.include({ userId: 'alice', unit: 'mg/dL', sequence: 1 })
    expect(headers['cache-control']).to.equal('private, no-cache')
  })

  it('goes on where a page ended', async () => {
    expect((await feed('?limit=2')).json).to.deep.include({ through: 2, more: true })
    expect((await feed('?after=2&limit=2')).json).to.deep.include({ after: 2, through: 3, more: false })
    expect((await feed('?after=9')).json).to.deep.include({ after: 9, through: 9, latestSequence: 3, more: false })
  })

  it('answers 304 to a caller who has this page', async () => {
    const { headers } = await feed('?after=1')
    const again = await feed('?after=1', { headers: { 'if-none-match': headers['etag'] } })
    expect([again.status, again.text]).to.deep.equal([304, ''])
    expect((await feed('?after=2', { headers: { 'if-none-match': headers['etag'] } })).status).to.equal(200)
  })

  it('comes as lines too, all of it where that is asked', async () => {
    const csv = await feed('?limit=all', { headers: { accept: 'text/csv' } })
    expect(csv.headers['content-type']).to.equal('text/csv; charset=utf-8')
    const lines = csv.text.trimEnd().split('\r\n')
    expect(lines[0]).to.match(/^changeSequence,kind,id,userId,timestamp,/)
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 2).join())).to.deep.equal([
      '1,created',
      '2,created',
      '3,created',
    ])
    const rows = await feed('?after=1&limit=1', { headers: { accept: 'application/x-ndjson' } })
    expect(
      rows.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).sequence),
    ).to.deep.equal([2])
    expect((await feed('?limit=all')).status).to.equal(400)
  })

  for (const query of ['after=-1', 'after=x', 'after=1.5', 'limit=0', 'limit=1001', 'limit=1&limit=2', 'from=1'])
    it(`refuses ${query}`, async () => {
      const { status, json } = await feed(`?${query}`)
      expect([status, json.code, json.errors?.[0]?.pointer]).to.deep.equal([
        400,
        'invalid_request',
        query.split('=')[0],
      ])
      expect(api.behind.reads).to.equal(0)
    })
})
