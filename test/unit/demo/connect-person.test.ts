import { connectPerson, type Progress, watchHistory } from '@bg-ingest/demo'
import { expect } from 'chai'
import nock from 'nock'

// Importing nock patches Node's HTTP at once, for every other file of this process too.
nock.restore()

const API = 'http://127.0.0.1:5001'
const DEXCOM = 'http://127.0.0.1:6001'
const BEARER = { reqheaders: { authorization: 'Bearer the-token' } }

describe('demo: the way through the API', () => {
  before(() => {
    nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => nock.cleanAll())
  after(() => {
    nock.enableNetConnect()
    nock.restore()
  })

  describe('connecting a person', () => {
    const person = { apiUrl: API, token: 'the-token', userId: 'auth0|a', dexcomUser: 'quiet' }
    const pages = () => {
      nock(API, BEARER)
        .post('/api/bg/auth0%7Ca/connection')
        .reply(201, { authorizationUrl: 'http://localhost:5001/oauth/start/ticket' })
      nock(API)
        .get('/oauth/start/ticket')
        .reply(302, '', {
          location: `${DEXCOM}/v3/oauth2/login?state=s`,
          'set-cookie': 'bg_oauth=secret; HttpOnly; Path=/oauth',
        })
      return nock(DEXCOM).get('/v3/oauth2/login').query({ state: 's', __user: 'quiet' })
    }
    const back = (cookie = 'bg_oauth=secret') =>
      nock(API, { reqheaders: { cookie } }).get('/oauth/callback').query({ code: 'c', state: 's' })

    it('walks our address, the login and our callback as a browser does, with its cookie', async () => {
      pages().reply(302, '', { location: 'http://localhost:5001/oauth/callback?code=c&state=s' })
      back().reply(200, 'Connected')
      await connectPerson(person)
      expect(nock.pendingMocks()).to.deep.equal([])
    })

    it('says which page was not the expected one, and nothing of its content', async () => {
      pages().reply(500, 'c4n4ry')
      const error = await connectPerson(person).catch((err: Error) => err.message)
      expect(error).to.equal("Dexcom's login answered 500, expected 302")
    })

    it('takes a redirect without a target for a fault', async () => {
      pages().reply(302)
      expect(await connectPerson(person).catch((err: Error) => err.message)).to.equal('a redirect without a target')
    })
  })

  describe('watching the import', () => {
    const view = (userId: string, state: string, percent: number, readings: number) =>
      nock(API, BEARER).get(`/api/bg/${userId}/connection`).reply(200, { history: { state, percent, readings } })
    const watch = async (signal = new AbortController().signal) => {
      const seen: Progress[] = []
      const tokens = new Map([
        ['alice', 'the-token'],
        ['bruno', 'the-token'],
      ])
      await watchHistory({ apiUrl: API, tokens, signal, onProgress: (progress) => seen.push(progress) })
      return seen
    }

    it('tells the mean of all until everybody is complete', async () => {
      view('alice', 'running', 51, 100)
      view('bruno', 'none', 0, 0)
      view('alice', 'complete', 100, 200)
      view('bruno', 'complete', 100, 300)
      expect(await watch()).to.deep.equal([
        { percent: 25, readings: 100 },
        { percent: 100, readings: 500 },
      ])
    })

    it('gives up where one failed, or the API does', async () => {
      view('alice', 'complete', 100, 200)
      view('bruno', 'failed', 40, 10)
      expect(await watch().catch((err: Error) => err.message)).to.equal('an import of history failed')
      nock(API).get(/.*/).twice().reply(503)
      expect(await watch().catch((err: Error) => err.message)).to.match(/^the connection of \w+ answered 503$/)
    })

    it('ends when it is told to stop', async () => {
      nock(API)
        .get(/.*/)
        .times(2)
        .reply(200, { history: { state: 'running', percent: 1, readings: 1 } })
      const stop = new AbortController()
      const watching = watch(stop.signal).catch((err: Error) => err.name)
      setImmediate(() => stop.abort())
      expect(await watching).to.equal('AbortError')
    })
  })
})
