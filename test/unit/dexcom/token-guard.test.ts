import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { until } from '../../support/until.ts'
import { aClient, QUICK_TIMEOUTS, REFRESH_TOKEN } from './a-client.ts'
import { frozenClocks } from './frozen-clocks.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'

const TOKENS = { access_token: 'new-access', expires_in: 7200, token_type: 'Bearer', refresh_token: 'new-refresh' }
const STOP_MS = 300_000

describe('token calls of a process', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  describe('turns', () => {
    /** A server that keeps its answers until they are let go. */
    function held() {
      const waiting: (() => void)[] = []
      server.answer((res, req) => waiting.push(() => server.json(200, TOKENS)(res, req)))
      return waiting
    }

    it('are two at a time, in order', async () => {
      const waiting = held()
      const { client } = aClient(server.url)
      const calls = ['a', 'b', 'c', 'd'].map((token) => client.refresh('default', token))
      await until('two are out', () => waiting.length === 2)
      waiting.shift()?.()
      await until('a third is out', () => server.seen.length === 3)
      expect(server.seen.map(({ form }) => form.get('refresh_token'))).to.deep.equal(['a', 'b', 'c'])
      for (let done = 0; done < 3; done++) {
        await until('one is out', () => waiting.length > 0)
        waiting.shift()?.()
      }
      await Promise.all(calls)
    })

    it('begin before the work does, and hold for the call inside', async () => {
      const waiting = held()
      const { client } = aClient(server.url)
      const begun: string[] = []
      const turn = (token: string) =>
        client.tokenTurn(async () => {
          begun.push(token)
          return client.refresh('default', token)
        })
      const calls = ['a', 'b', 'c'].map(turn)
      await until('two are out', () => waiting.length === 2)
      expect(begun).to.deep.equal(['a', 'b'])
      for (let done = 0; done < 3; done++) {
        await until('one is out', () => waiting.length > 0)
        waiting.shift()?.()
      }
      expect((await Promise.all(calls)).map(({ accessToken }) => accessToken)).to.have.length(3)
    })

    it('are given back by work that fails', async () => {
      const { client } = aClient(server.url)
      const failure = new Error('of the work')
      for (let i = 0; i < 5; i++)
        expect(await client.tokenTurn(() => Promise.reject(failure)).catch((err: unknown) => err)).to.equal(failure)
      expect(await client.tokenTurn(async () => 'went')).to.equal('went')
    })

    it('are not waited for once the signal has gone', async () => {
      const waiting = held()
      const { client } = aClient(server.url)
      const calls = [client.refresh('default', 'a'), client.refresh('default', 'b')]
      const lease = new AbortController()
      let worked = false
      const third = thrown(client.tokenTurn(async () => (worked = true), lease.signal))
      await until('two are out', () => waiting.length === 2)
      lease.abort(new AppError('lease_lost', 'The lease ended'))
      expect(await third).to.include({ code: 'lease_lost' })
      for (const letGo of waiting) letGo()
      await Promise.all(calls)
      expect(worked).to.equal(false)
      expect(await client.tokenTurn(async () => 'went')).to.equal('went')
    })
  })

  describe('stop', () => {
    const { pass } = frozenClocks()
    const refusing = (status = 400) => server.answer(server.json(status, { error: 'invalid_client' }))

    it('asks once, then nobody for five minutes, then one', async () => {
      refusing()
      const { client, tokenStops } = aClient(server.url, QUICK_TIMEOUTS)
      const refresh = () => thrown(client.refresh('default', REFRESH_TOKEN))
      expect(await refresh()).to.include({ code: 'upstream_misconfigured', retryAfterMs: STOP_MS })
      pass(100_000)
      expect(await refresh()).to.include({ code: 'upstream_misconfigured', retryAfterMs: STOP_MS - 100_000 })
      expect(await thrown(client.exchangeCode('default', 'code'))).to.include({ code: 'upstream_misconfigured' })
      expect(server.seen).to.have.length(1)
      pass(STOP_MS - 100_000)
      await Promise.all([refresh(), refresh(), refresh()])
      expect(server.seen).to.have.length(2)
      expect(await refresh()).to.include({ retryAfterMs: STOP_MS })
      expect(server.seen).to.have.length(2)
      expect(tokenStops).to.deep.equal([true])
    })

    it('is told once where two were in flight', async () => {
      refusing(401)
      const { client, tokenStops } = aClient(server.url, QUICK_TIMEOUTS)
      await Promise.all([1, 2].map(() => thrown(client.refresh('default', REFRESH_TOKEN))))
      expect(tokenStops).to.deep.equal([true])
    })

    it('ends with a grant, or with a decision on one', async () => {
      const { client, tokenStops } = aClient(server.url, QUICK_TIMEOUTS)
      refusing()
      await thrown(client.refresh('default', REFRESH_TOKEN))
      pass(STOP_MS)
      server.answer(server.json(200, TOKENS))
      await client.refresh('default', REFRESH_TOKEN)
      await client.refresh('default', REFRESH_TOKEN)
      refusing()
      await thrown(client.refresh('default', REFRESH_TOKEN))
      pass(STOP_MS)
      server.answer(server.json(400, { error: 'invalid_grant' }))
      expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.include({ code: 'needs_reauth' })
      expect(tokenStops).to.deep.equal([true, false, true, false])
    })

    it('does not end with an outage, but lets the next one ask', async () => {
      const { client, tokenStops } = aClient(server.url, QUICK_TIMEOUTS)
      refusing()
      await thrown(client.refresh('default', REFRESH_TOKEN))
      pass(STOP_MS)
      server.answer((res) => res.writeHead(503).end())
      for (let i = 0; i < 2; i++)
        expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.include({ code: 'upstream_unavailable' })
      expect(server.seen).to.have.length(2)
      expect(tokenStops).to.deep.equal([true])
    })
  })
})
