import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { HASTY, MINUTE_MS, readingsBetween, useFlowsOverHttp } from '../support/flows-over-http.ts'
import { expectCode } from '../support/thrown.ts'
import { HOUR_MS } from '../support/world.ts'

const MIB = 1024 * 1024

describe('answers of Dexcom that are none, through flow, store and wire', function () {
  this.timeout(30_000)
  const { allow, connected } = useFlowsOverHttp()

  /** A sync that fails so stores nothing, moves no cursor and spends no token; the next one stores everything, once. */
  async function costsOnlyThatRun(rule: object, code: Parameters<typeof expectCode>[1], data?: typeof HASTY) {
    const { world, ports, client, fault, heal, sync, calls, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', ...rule })
    await expectCode(sync(data ? { ...ports, dexcom: client({ data }) } : ports), code)
    expect((await world.stored()).size, 'nothing of it is stored').to.equal(0)
    expect(await world.state()).to.include({ newestAt: null, lastSuccessAt: null, committedSequence: 0 })
    expect(world.publisher.ofKind('readings.changed')).to.have.length(0)
    expect([calls('egvs'), calls('token')], 'asked once, no refresh').to.deep.equal([1, 1])
    await heal()
    await sync()
    expect(await expectTruth()).to.have.length.above(10)
    expect(await world.connection()).to.deep.include({ status: 'connected', problem: null })
  }

  for (const status of [500, 502, 503, 504])
    it(`F4: ${status} with a page of HTML costs that run and no more`, () =>
      costsOnlyThatRun({ status, body: '<html>', contentType: 'text/html' }, 'upstream_unavailable'))

  it('F4: at half of twenty bad answers the breaker opens, and Dexcom is left alone', async () => {
    const { fault, sync, calls, told } = await connected()
    await fault({ endpoint: 'egvs', status: 503 })
    for (let i = 0; i < 30; i += 1) await expectCode(sync(), 'upstream_unavailable')
    expect(told.circuits).to.include('open')
    expect(calls('egvs')).to.be.within(18, 20)
  })

  for (const kind of ['silence', 'drip', 'headers-only'])
    it(`F5: ${kind} is given up in time, and costs that run and no more`, () =>
      costsOnlyThatRun({ action: { kind } }, 'upstream_unavailable', HASTY))

  for (const [name, action, code] of [
    ['reset before an answer', { kind: 'reset', when: 'before' }, 'upstream_unavailable'],
    ['reset in mid-body', { kind: 'reset', when: 'mid-body' }, 'upstream_unavailable'],
    ['reset behind the effect', { kind: 'reset', when: 'after' }, 'upstream_unavailable'],
    ['truncated JSON', { kind: 'truncated' }, 'upstream_invalid'],
    ['a Content-Length too long', { kind: 'wrong-length', by: 100 }, 'upstream_unavailable'],
    ['a Content-Length too short', { kind: 'wrong-length', by: -100 }, 'upstream_invalid'],
  ] as const)
    it(`F6: ${name}: nothing of the page is stored`, () => costsOnlyThatRun({ action }, code))

  for (const body of [
    'empty',
    'html',
    'empty-object',
    'null',
    'array',
    'string',
    'wrong-record-type',
    'records-missing',
  ])
    it(`F7: 200 with ${body} is no page`, () =>
      costsOnlyThatRun({ action: { kind: 'body', body } }, 'upstream_invalid'))

  it('F7: a nest 40,000 deep, in the name of somebody else, is no page', () =>
    costsOnlyThatRun({ action: { kind: 'body', body: 'deep' } }, 'wrong_account'))

  it('F14: a page of 20 MB is asked for in halves, and none of it is lost', async () => {
    const { fault, sync, calls, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', count: 1, action: { kind: 'huge' } })
    await sync()
    expect(calls('egvs'), 'the whole, then its halves').to.equal(3)
    await expectTruth()
  })

  it('F14: a gzip bomb is dropped at 16 MB, however small it came', async () => {
    const { fault, heal, sync, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', action: { kind: 'gzip-bomb', megabytes: 60 } })
    const before = process.memoryUsage().rss
    await expectCode(sync(), 'upstream_invalid')
    expect(process.memoryUsage().rss - before).to.be.below(300 * MIB)
    await heal()
    await sync()
    await expectTruth()
  })

  it('F15: an account without data is a success, and no event', async () => {
    const { world, sync, history, reconcile } = await connected({ account: { kind: 'replay', readings: [] } })
    await history()
    expect((await sync()).result).to.include({ fetched: 0, stored: 0 })
    await reconcile()
    expect(world.publisher.ofKind('readings.changed')).to.have.length(0)
    expect((await world.state()).history).to.include({ state: 'complete', readings: 0 })
  })

  for (const status of [302, 307, 308])
    it(`F16: ${status} to another host is told and not followed`, async () => {
      let asked = 0
      const other = createServer((_req, res) => {
        asked += 1
        res.end('{}')
      }).listen(0, '127.0.0.1')
      const { fault, heal, sync, told, expectTruth } = await connected()
      const { port } = other.address() as AddressInfo
      await fault({ endpoint: 'egvs', action: { kind: 'redirect', status, to: `http://127.0.0.1:${port}` } })
      await expectCode(
        sync().finally(() => other.close()),
        'upstream_invalid',
      )
      expect([asked, told.redirects]).to.deep.equal([0, 1])
      await heal()
      await sync()
      await expectTruth()
    })

  for (const status of [204, 304])
    it(`F19: ${status} is no page`, () => costsOnlyThatRun({ status }, 'upstream_invalid'))

  it('F19: headers that come twice, and gzip, change nothing', async () => {
    const { fault, sync, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', count: 1, action: { kind: 'duplicate-headers' } })
    await fault({ endpoint: 'egvs', action: { kind: 'gzip' } })
    await sync()
    expect(await expectTruth()).to.have.length.above(10)
    await sync()
    await expectTruth()
  })

  it('F20: a page of another account is refused whole, told once, and costs nothing that is held', async () => {
    const { world, setOptions, sync, go, expectTruth, held } = await connected({
      simulator: {
        users: ['ada', 'bob'].map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 0.1 })),
      },
    })
    await sync()
    const before = await held()
    await setOptions({ answersAs: 'bob' })
    go(HOUR_MS)
    for (let i = 0; i < 2; i += 1) await expectCode(sync(), 'wrong_account')
    expect(await held()).to.deep.equal(before)
    expect((await world.connection())?.problem).to.include({ code: 'wrong_account' })
    expect(world.counted.get('problem wrong_account')).to.equal(1)
    await setOptions({ answersAs: 'ada' })
    await sync()
    await expectTruth()
    expect((await world.connection())?.problem).to.equal(null)
  })

  for (const [name, days] of [
    ['10 minutes', 10 / 1440],
    ['3 hours', 3 / 24],
    ['24 hours', 1],
    ['40 days', 40],
  ] as const)
    it(`F22, trap 13: after ${name} away the backlog is fetched whole, in windows of at most 30 days`, async () => {
      const account = { kind: 'replay' as const, readings: [] as ReturnType<typeof readingsBetween> }
      const probe = Date.parse('2026-11-20T12:00:00Z')
      account.readings = [
        ...readingsBetween(probe, 3, 0, 30),
        ...readingsBetween(probe + days * 24 * HOUR_MS, days * 24, 0, days > 1 ? 240 : 5),
      ]
      // A refresh that is answered 503 has spent nothing: its token is shown again.
      allow({ presentationsOfAToken: 3 })
      const { at, sync, go, simulator, expectTruth } = await connected({ account })
      await sync()
      await at.sim('POST', 'outage', { mode: 'status', status: 503 })
      for (let i = 0; i < 2; i += 1) {
        go((days * 24 * HOUR_MS) / 2)
        await expectCode(sync(), 'upstream_unavailable')
      }
      await at.sim('DELETE', 'outage')
      go(HOUR_MS + MINUTE_MS)
      await sync()
      await expectTruth()
      const { longestWindowSeconds, windowsTooLong, spentRefreshTokens } = simulator.manners()
      expect([windowsTooLong, spentRefreshTokens]).to.deep.equal([0, 0])
      expect(longestWindowSeconds).to.be.at.most(30 * 86_400)
    })
})
