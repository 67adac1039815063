import { toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { ALICE, anApi, CONNECTED, NOBODY, type TestApi } from './an-api.ts'

const LATEST = '/api/bg/alice/latest'
const MINUTE_MS = 60_000

describe('api: latest reading', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => api.reset())
  after(() => api.close())

  const ago = (minutes: number) => toInstant(api.now() - minutes * MINUTE_MS)
  const reading = (minutes: number, over = {}) => aStoredReading({ userId: ALICE, timestamp: ago(minutes), ...over })

  it('is the newest of the sensor, flat, with its freshness', async () => {
    api.behind.readings = [
      reading(70, { glucose: 101, sequence: 7, trendRate: 0.3, localTime: '2026-11-20T05:50:00-05:00' }),
      reading(75),
      reading(65, { type: 'manual' }),
      reading(66, { type: 'calibration' }),
    ]
    const { status, headers, json } = await api.ask(LATEST)
    expect(status).to.equal(200)
    expect(headers['content-type']).to.match(/^application\/json/)
    expect(headers['cache-control']).to.equal('private, no-cache')
    expect(json).to.have.all.keys(
      ...['id', 'userId', 'timestamp', 'localTime', 'glucose', 'unit', 'bound', 'trend', 'trendRate', 'type'],
      ...['device', 'sequence', 'revision', 'receivedAt', 'freshness'],
    )
    expect(json).to.deep.include({
      userId: 'alice',
      timestamp: ago(70),
      localTime: '2026-11-20T05:50:00-05:00',
      glucose: 101,
      unit: 'mg/dL',
      trendRate: 0.3,
      type: 'cgm',
      sequence: 7,
    })
    expect(json.freshness).to.deep.include({ state: 'current', ageSeconds: 4200, vendorDelaySeconds: 3600 })
    expect(json.freshness?.expectedNextAt).to.match(/^2026-11-20T12:\d\d:\d\d\.\d{3}Z$/)
  })

  it('speaks mmol/L where asked, and no other unit', async () => {
    api.behind.readings = [reading(70, { glucose: 101, trendRate: 0.9 })]
    const { json } = await api.ask(`${LATEST}?unit=mmol/L`)
    expect(json).to.deep.include({ glucose: 5.6, unit: 'mmol/L', trendRate: 0.05 })
    for (const query of ['unit=mmol', 'unit=', 'unit=mg/dL&unit=mmol/L', 'units=mg/dL']) {
      const answer = await api.ask(`${LATEST}?${query}`)
      expect([answer.status, answer.json.code], query).to.deep.equal([400, 'invalid_request'])
    }
  })

  it('answers 404 no_readings for a person without readings of the sensor, connected or not', async () => {
    for (const account of [CONNECTED, NOBODY])
      for (const readings of [[], [reading(5, { type: 'manual' })]]) {
        Object.assign(api.behind, { account, readings })
        const { status, json } = await api.ask(LATEST)
        expect([status, json.code]).to.deep.equal([404, 'no_readings'])
      }
  })

  it('goes on for a person who is not connected any more, and says so', async () => {
    api.behind.readings = [reading(70)]
    for (const status of ['needs_reauth', 'disconnected'] as const) {
      api.behind.account = { ...CONNECTED, connection: { ...(CONNECTED.connection ?? expect.fail()), status } }
      const { json } = await api.ask(LATEST)
      expect(json.freshness).to.deep.include({ state: status, expectedNextAt: null })
    }
  })

  describe('ETag', () => {
    const ifNoneMatch = (tag: string, query = '') => api.ask(`${LATEST}${query}`, { headers: { 'if-none-match': tag } })
    const tagNow = async (query = '') => String((await api.ask(`${LATEST}${query}`)).headers.etag)

    it('is strong, and earns 304 without a body while nothing has changed', async () => {
      api.behind.readings = [reading(70)]
      const tag = await tagNow()
      expect(tag).to.match(/^"[\w-]+"$/)
      for (const sent of [tag, `"other", ${tag}`, `W/${tag}`, '*']) {
        const { status, headers, text } = await ifNoneMatch(sent)
        expect([status, text, headers.etag, headers['cache-control']]).to.deep.equal([
          304,
          '',
          tag,
          'private, no-cache',
        ])
      }
      expect((await ifNoneMatch('"other"')).status).to.equal(200)
    })

    it('changes with the reading, its revision, the unit and the state of freshness, not with its age', async () => {
      const first = reading(70)
      api.behind.readings = [first]
      const tag = await tagNow()
      expect(await tagNow()).to.equal(tag)

      api.behind.readings = [{ ...first, glucose: first.glucose + 1, revision: 2 }]
      expect(await tagNow()).not.to.equal(tag)
      api.behind.readings = [first]
      expect(await tagNow('?unit=mmol/L')).not.to.equal(tag)
      api.behind.account = NOBODY
      expect(await tagNow()).not.to.equal(tag)
    })

    it('does not open what the token does not', async () => {
      api.behind.readings = [reading(70)]
      const headers = { 'if-none-match': await tagNow() }
      expect((await api.ask(LATEST, { headers, token: null })).status).to.equal(401)
      expect((await api.ask(LATEST, { headers, token: await api.token('bob') })).status).to.equal(403)
    })
  })

  it('answers HEAD as GET without the body', async () => {
    api.behind.readings = [reading(70)]
    const [get, head] = [await api.ask(LATEST), await api.ask(LATEST, { method: 'HEAD' })]
    expect([head.status, head.text]).to.deep.equal([200, ''])
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control'])
      expect(head.headers[name]).to.equal(get.headers[name])
    expect(
      (await api.ask(LATEST, { method: 'HEAD', headers: { 'if-none-match': String(get.headers.etag) } })).status,
    ).to.equal(304)
  })
})
