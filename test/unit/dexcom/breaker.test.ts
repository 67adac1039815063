import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient, QUICK_TIMEOUTS, REFRESH_TOKEN } from './a-client.ts'
import { frozenClocks } from './frozen-clocks.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { thrown } from './thrown.ts'
import { anEgv, NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }
/** The least number of calls that say something. */
const ENOUGH = 20

describe('circuit breaker of a region', () => {
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())
  // The breaker and cockatiel each go by a clock of their own; both stand still and move together.
  const { pass } = frozenClocks()

  type Script = Parameters<ScriptedServer['answer']>[0]
  const well = () => server.json(200, page('egv', [anEgv()]))
  const failing: Script = (res) => res.writeHead(503).end()
  const status =
    (code: number): Script =>
    (res) =>
      res.writeHead(code).end()

  function aRegion() {
    const opened = aClient(server.url, QUICK_TIMEOUTS)
    const ask = (signal?: AbortSignal) => opened.client.fetchReadings(aCall(signal && { signal }), 'cgm', HOUR)
    const fail = async (times: number, script: Script = failing) => {
      server.answer(script)
      for (let i = 0; i < times; i++) await ask().catch(() => undefined)
    }
    const succeed = async (times: number) => {
      server.answer(well())
      for (let i = 0; i < times; i++) await ask()
    }
    return { ...opened, ask, fail, succeed, state: () => opened.circuits.at(-1) }
  }

  it('F4: opens at half of twenty calls, and then asks nobody', async () => {
    const { ask, fail, succeed, state } = aRegion()
    await succeed(ENOUGH / 2)
    pass(16_000)
    await fail(ENOUGH / 2 - 1)
    expect(state()).to.equal('closed')
    await fail(1)
    expect(state()).to.equal('open')
    server.answer(well())
    const err = await thrown(ask())
    expect(err).to.include({ code: 'upstream_unavailable' })
    expect(err.retryAfterMs).to.be.within(24_000, 36_000)
    expect(server.seen).to.have.length(0)
  })

  for (const [name, script] of [
    ['HTML with 200', (res) => res.writeHead(200).end('<html>')],
    ['half a JSON', (res) => res.writeHead(200).end('{"recordType":"eg')],
    ['204', status(204)],
    ['a redirect', (res) => res.writeHead(302, { location: 'https://elsewhere.example' }).end()],
    ['a reset', (res) => res.destroy()],
  ] as [string, Script][]) {
    it(`counts ${name}`, async () => {
      const { fail, state } = aRegion()
      await fail(ENOUGH, script)
      expect(state()).to.equal('open')
    })
  }

  it('counts timeouts', async () => {
    const { ask, fail, state } = aRegion()
    await fail(ENOUGH - 10)
    server.answer(() => undefined)
    await Promise.all(Array.from({ length: 10 }, () => thrown(ask())))
    expect(state()).to.equal('open')
  })

  for (const code of [400, 401, 403, 404, 422, 429]) {
    it(`takes ${code} for an answer`, async () => {
      const { fail, state } = aRegion()
      await fail(ENOUGH * 2, status(code))
      expect(state()).to.equal('closed')
    })
  }

  it('does not count what we gave up ourselves', async () => {
    const { ask, state } = aRegion()
    for (let i = 0; i < ENOUGH; i++) {
      const lease = new AbortController()
      server.answer(() => lease.abort(new AppError('lease_lost', 'The lease ended')))
      expect(await thrown(ask(lease.signal))).to.include({ code: 'lease_lost' })
    }
    expect(state()).to.equal('closed')
  })

  for (const [slow, expected] of [
    [19, 'closed'],
    [20, 'open'],
  ] as const) {
    it(`is ${expected} where ${slow} of ${slow + 5} answers took more than 20 s`, async () => {
      const { ask, succeed, state } = aRegion()
      await succeed(5)
      const held: (() => void)[] = []
      server.answer((res, req) => held.push(() => well()(res, req)))
      const calls = Array.from({ length: slow }, () => ask())
      while (held.length < slow) await new Promise(setImmediate)
      pass(20_001)
      for (const letGo of held) letGo()
      await Promise.all(calls)
      expect(state()).to.equal(expected)
    })
  }

  it('forgets what happened more than a minute ago', async () => {
    const { fail, state } = aRegion()
    await fail(ENOUGH - 1)
    pass(61_000)
    await fail(1)
    expect(state()).to.equal('closed')
  })

  it('F23: looks again after some 2.5 s where a call was good a moment ago, then as after any outage', async () => {
    const { ask, fail, succeed } = aRegion()
    await succeed(1)
    pass(14_000)
    await fail(ENOUGH)
    expect((await thrown(ask())).retryAfterMs).to.be.within(2_000, 3_000)
    pass(3_000)
    await fail(1)
    expect((await thrown(ask())).retryAfterMs).to.be.within(4_000, 6_000)
  })

  it('closes after three good probes, one after another', async () => {
    const { ask, fail, succeed, circuits } = aRegion()
    await fail(ENOUGH)
    pass(36_000)
    const held: (() => void)[] = []
    server.answer((res, req) => held.push(() => well()(res, req)))
    const probe = ask()
    expect(await thrown(ask())).to.include({ code: 'upstream_unavailable', retryAfterMs: 3_000 })
    while (held.length === 0) await new Promise(setImmediate)
    held[0]?.()
    await probe
    await succeed(1)
    expect(circuits).to.deep.equal(['closed', 'open', 'half_open'])
    await succeed(1)
    expect(circuits).to.deep.equal(['closed', 'open', 'half_open', 'closed'])
  })

  it('stays open for longer after each failed probe, up to five minutes', async () => {
    const { ask, fail, state } = aRegion()
    await fail(ENOUGH)
    const stretches: number[] = []
    for (let i = 0; i < 6; i++) {
      stretches.push((await thrown(ask())).retryAfterMs ?? 0)
      pass(360_000)
      await fail(1)
      expect(server.seen).to.have.length(1)
      expect(state()).to.equal('open')
    }
    for (const [i, nominal] of [30, 60, 120, 240, 300, 300].entries())
      expect(stretches[i]).to.be.within(nominal * 800, nominal * 1200)
  })

  it('takes a probe that was given up for a failed one', async () => {
    const { ask, fail, state } = aRegion()
    await fail(ENOUGH)
    pass(36_000)
    const lease = new AbortController()
    server.answer(() => lease.abort(new AppError('lease_lost', 'The lease ended')))
    expect(await thrown(ask(lease.signal))).to.include({ code: 'lease_lost' })
    expect(state()).to.equal('open')
  })

  it('is not opened again by calls from before it opened', async () => {
    const { ask, fail, succeed, state } = aRegion()
    const held: (() => void)[] = []
    server.answer((res) => held.push(() => res.destroy()))
    const late = Array.from({ length: ENOUGH }, () => thrown(ask()))
    while (held.length < ENOUGH) await new Promise(setImmediate)
    await fail(ENOUGH)
    pass(36_000)
    await succeed(3)
    expect(state()).to.equal('closed')
    for (const drop of held) drop()
    await Promise.all(late)
    expect(state()).to.equal('closed')
  })

  it('counts token calls, and holds them too', async () => {
    const { client, fail, state } = aRegion()
    await fail(ENOUGH - 1)
    expect(await thrown(client.refresh('default', REFRESH_TOKEN))).to.include({ code: 'upstream_unavailable' })
    expect(state()).to.equal('open')
    const seen = server.seen.length
    const err = await thrown(client.refresh('default', REFRESH_TOKEN))
    expect(err).to.include({ code: 'upstream_unavailable' })
    expect(err.retryAfterMs).to.be.above(0)
    expect(server.seen).to.have.length(seen)
  })
})
