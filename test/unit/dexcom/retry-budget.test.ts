import { expect } from 'chai'
import { aCall, aClient, QUICK_TIMEOUTS, REFRESH_TOKEN } from './a-client.ts'
import { frozenClocks } from './frozen-clocks.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { anEgv, NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }

describe('retry budget of a region', () => {
  const { pass } = frozenClocks()
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  const well = () => server.answer(server.json(200, page('egv', [anEgv()])))
  const failing = () => server.answer((res) => res.writeHead(503).end())

  function aRegion() {
    const { client, requests } = aClient(server.url, QUICK_TIMEOUTS)
    const ask = (attempt: number) => client.asAttempt(attempt).fetchReadings(aCall(), 'cgm', HOUR)
    const succeed = async (times: number) => {
      well()
      for (let i = 0; i < times; i++) await ask(1)
    }
    /** How many of so many retries reach Dexcom, and fail there. */
    const retry = async (times: number) => {
      failing()
      const before = requests.length
      for (let i = 0; i < times; i++) await ask(2).catch(() => undefined)
      return requests.length - before
    }
    return { client, ask, succeed, retry }
  }

  it('lets retries be a fifth of the first tries of a minute', async () => {
    const { ask, succeed, retry } = aRegion()
    await succeed(100)
    expect(await retry(30)).to.equal(20)
    expect(await thrown(ask(2))).to.include({ code: 'upstream_unavailable', retryAfterMs: 30_000 })
    pass(61_000)
    await succeed(60)
    expect(await retry(30)).to.equal(12)
  })

  it('lets a quiet process make ten', async () => {
    const { succeed, retry } = aRegion()
    await succeed(11)
    expect(await retry(12)).to.equal(10)
  })

  it('never refuses a first try', async () => {
    const { ask, succeed, retry } = aRegion()
    await succeed(11)
    await retry(12)
    well()
    expect((await ask(1)).fetched).to.equal(1)
  })

  it('ends with a bucket of a hundred retries, which first tries that succeed fill slowly', async () => {
    const { succeed, retry } = aRegion()
    let retries = 0
    // Each minute 11 tokens come and 50 go, and the first 11 find the bucket full.
    for (let minute = 0; minute < 14; minute++) {
      await succeed(11)
      retries += await retry(10)
      pass(61_000)
    }
    // 12 x 10, then what 32 and what 11 tokens more pay.
    expect(retries).to.equal(120 + 6 + 2)
  })

  it('takes nothing for a retry that helped', async () => {
    const { ask } = aRegion()
    well()
    for (let i = 0; i < 150; i++) expect((await ask(2)).fetched).to.equal(1)
  })

  it('charges a timeout five more', async () => {
    const { ask, succeed, retry } = aRegion()
    await succeed(200)
    server.answer(() => undefined)
    // 98 of these leave ten tokens, which is two retries; nothing else would refuse the third.
    await Promise.all(Array.from({ length: 98 }, () => thrown(ask(1))))
    expect(await retry(5)).to.equal(2)
  })

  it('holds for token calls, and for a call that names its attempt', async () => {
    const { client, succeed, retry } = aRegion()
    await succeed(11)
    await retry(12)
    expect(await thrown(client.asAttempt(3).refresh('default', REFRESH_TOKEN))).to.include({ retryAfterMs: 30_000 })
    expect(await thrown(client.fetchReadings({ ...aCall(), attempt: 2 }, 'cgm', HOUR))).to.include({
      retryAfterMs: 30_000,
    })
    expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.not.include({ retryAfterMs: 30_000 })
  })

  it('gives back what a retry paid that was not sent', async () => {
    const { client, succeed, retry } = aRegion()
    await succeed(11)
    const gone = AbortSignal.abort()
    for (let i = 0; i < 20; i++) await thrown(client.asAttempt(2).fetchReadings(aCall({ signal: gone }), 'cgm', HOUR))
    expect(await retry(12)).to.equal(10)
  })
})
