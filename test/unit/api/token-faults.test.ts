import { toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aStoredReading } from '../../support/build.ts'
import { aBrowser, CODE } from './a-browser.ts'
import { ALICE, anApi, aSync, CONNECTED, type TestApi } from './an-api.ts'

describe('api: where tokens fail', () => {
  let api: TestApi
  before(async () => {
    api = await anApi()
  })
  beforeEach(() => {
    api.reset()
    api.behind.outcome = aSync({ status: 'completed' })
  })
  after(() => api.close())
  const connection = CONNECTED.connection ?? expect.fail()

  it('G1, G12: history and the latest reading stay readable for who has to connect again; a sync is refused', async () => {
    const problem = { code: 'needs_reauth', detail: 'The person has to connect again.' }
    api.behind.account = { ...CONNECTED, connection: { ...connection, status: 'needs_reauth', problem } }
    const timestamp = toInstant(api.now() - 90 * 60_000)
    api.behind.readings = [aStoredReading({ userId: ALICE, timestamp })]
    const latest = await api.ask('/api/bg/alice/latest')
    expect([latest.status, latest.json.timestamp]).to.deep.equal([200, timestamp])
    const from = toInstant(api.now() - 86_400_000)
    const range = await api.ask(`/api/bg/alice?from=${from}&to=${toInstant(api.now())}`)
    expect([range.status, range.json.readings?.length]).to.deep.equal([200, 1])
    expect((await api.ask('/api/bg/alice/connection')).json).to.deep.include({ status: 'needs_reauth', problem })
    const sync = await api.ask('/api/bg/alice/sync', { method: 'POST' })
    expect([sync.status, sync.json.code]).to.deep.equal([409, 'not_connected'])
    expect(api.behind.requested).to.deep.equal([])
  })

  it('tells a problem of a connection that goes on', async () => {
    for (const code of ['key_missing', 'consent_missing', 'unauthorized', 'upstream_misconfigured', 'wrong_account']) {
      const problem = { code, detail: 'What happened.' }
      api.behind.account = { ...CONNECTED, connection: { ...connection, problem } }
      expect((await api.ask('/api/bg/alice/connection')).json).to.deep.include({ status: 'connected', problem })
    }
  })

  it('G14: of two callbacks at once one hands over the code', async () => {
    const browser = aBrowser(api)
    const { state, cookie } = await browser.begin()
    const both = await Promise.all([1, 2].map(() => browser.callback({ code: CODE, state }, cookie)))
    expect(both.map(({ status }) => status).sort()).to.deep.equal([200, 400])
    expect(api.behind.enqueued).to.have.length(1)
  })

  it('G15: a redirect_uri in the callback or the address changes nothing', async () => {
    const browser = aBrowser(api)
    const { state, cookie } = await browser.begin()
    const answer = await browser.callback({ code: CODE, state, redirect_uri: 'https://evil.example' }, cookie)
    expect(answer.status).to.equal(200)
    expect(JSON.stringify([answer.headers, api.behind.enqueued])).not.to.include('evil')
  })
})
