import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'
import { findLeaks } from '../support/canaries.ts'
import { dexcomPeople } from '../support/dexcom-people.ts'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { heldOf, unlikeTruth } from '../support/held-truth.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Math.floor(Date.now() / 1000) * 1000
const PEOPLE = dexcomPeople(NOW_MS)
/** Nobody can serve these two any longer until they connect again. */
const ENDED = ['revoked', 'new-password'] as const

describe('Scenarios of Dexcom, end to end', function () {
  this.timeout(120_000)
  const system = useSystem({
    name: 'dexcom-scenarios',
    // The look back begins with every sync.
    variables: { RECONCILE_INTERVAL_HOURS: '0.0003' },
    simulator: {
      clock: createVirtualClock({ startMs: NOW_MS - 3 * HOUR_MS, speed: 0 }),
      refreshReuse: 'strict-family',
      users: PEOPLE,
    },
  })
  const people = new Map<string, PersonClient>()
  let listener: Listener
  const person = (name: string): PersonClient => {
    const found = people.get(name)
    if (!found) throw new Error(`nobody is called ${name}`)
    return found
  }
  const everybody = <T>(act: (name: string) => Promise<T>) => Promise.all([...people.keys()].map(act))
  const ask = (name: string, wait = true) =>
    person(name).call('POST', '/sync', wait ? { headers: { prefer: 'wait=30' } } : {})
  const calls = () => system.simulator.journal.list({}).filter(({ endpoint }) => endpoint !== 'login')
  /** Nothing, or in what this person's readings differ from what Dexcom shows. */
  const unlike = async (name: string) => {
    const readings = await person(name).everyReading()
    expect(readings, name).to.have.length.above(30)
    return unlikeTruth(heldOf(readings), await system.sim('GET', `truth?user=${name}`))
  }
  const settled = async (name: string) => {
    const isSettled = async () => (await unlike(name)).length === 0 || ((await ask(name)) && false)
    await until(`${name} has what Dexcom shows`, isSettled, 30_000).catch(() => undefined)
    expect(await unlike(name), name).to.deep.equal([])
  }

  before(async () => {
    listener = await listen()
    for (const { name } of PEOPLE) people.set(name, await system.connect(aPerson(name), name))
    await everybody((name) => untilHistoryIs('complete', person(name)))
  })
  after(() => listener.close())

  it('S07, S09: tokens that end for all at once are renewed once each, whatever the token endpoint answers', async () => {
    const fault = (user: string, count: number, action: object) =>
      system.sim('POST', 'faults', { endpoint: 'token', user, count, action })
    await fault('token-500', 2, { kind: 'status', status: 500, echoesCredentials: true })
    await fault('token-502', 2, { kind: 'status', status: 502, contentType: 'text/html', body: '<html>Bad Gateway' })
    await fault('token-empty', 1, { kind: 'body', body: 'empty' })
    await fault('herd', 1, { kind: 'latency', fixedMs: 1_000 })
    await system.sim('POST', 'expire-access-tokens', {})
    const jobs = await Promise.all(Array.from({ length: 8 }, () => ask('herd', false)))
    expect(new Set(jobs.map(({ status }) => status))).to.deep.equal(new Set([202]))
    await everybody((name) => ask(name, false))
    await until(
      'all but the one in doubt are renewed',
      () => calls().filter(({ kind, status }) => kind === 'refresh' && status === 200).length >= PEOPLE.length,
      40_000,
    )
    const herd = calls().filter(({ user, kind }) => user === 'herd' && kind === 'refresh')
    expect(herd).to.have.length(1)
  })

  it('S10: after a 429 the whole fleet is silent until Retry-After, in seconds and as a date', async () => {
    for (const retryAfter of [4, { dateInSeconds: 5 }]) {
      await system.sim('POST', 'faults', {
        endpoint: 'any',
        count: 1,
        action: { kind: 'status', status: 429, retryAfter, body: '<html>' },
      })
      const last = calls().at(-1)?.sequence ?? 0
      const refused = () => calls().find(({ status, sequence }) => status === 429 && sequence > last)
      await everybody((name) => ask(name, false))
      await until('one of them was refused', () => refused() !== undefined, 20_000)
      const atMs = Date.parse(String(refused()?.at))
      await until('what was under way has ended', () => Date.now() - atMs > 1_000)
      await everybody((name) => ask(name, false))
      await until('the pause is over', () => Date.now() - atMs > 3_900)
      const during = calls().filter(({ at }) => Date.parse(at) > atMs + 500 && Date.parse(at) < atMs + 3_700)
      expect(during.map(({ endpoint, user }) => `${endpoint} of ${user}`)).to.deep.equal([])
    }
  })

  it('S05, S06, S17, S18: a server release in the middle of a run, and a new consent, make no reading come twice', async () => {
    const odd = { nullValue: 0.1, unknownTrend: 0.2, extraFields: 'always', badRecord: 0.1, bigTicks: 0.2 }
    const bare = { emptyTransmitterId: 0.5, noTransmitterId: 0.5 }
    await system.sim('POST', 'quirks', { user: 'odd-records', quirks: { ...odd, ...bare } })
    await system.sim('POST', 'quirks', {
      user: 'odd-times',
      quirks: { dropSeconds: 1, fraction: 0.5, offsetSeconds: 0.5 },
    })
    await system.sim('POST', 'revoke', { user: 'reconnect' })
    await ask('reconnect')
    expect((await person('reconnect').connection()).status).to.equal('needs_reauth')
    const told = consume(listener.about(person('reconnect').userId)).through
    await system.connect(person('reconnect').userId, 'reconnect')
    await untilHistoryIs('complete', person('reconnect'))
    await settled('reconnect')
    expect(consume(listener.about(person('reconnect').userId)).through, 'no news').to.equal(told)
    for (const name of ['odd-records', 'odd-times', 'new-ids-each-poll']) await ask(name)
    for (const name of ['odd-records', 'odd-times', 'new-ids-each-poll']) await settled(name)
  })

  it('G12, trap 17: who revokes us or changes the password is asked to connect again, once, and left alone', async () => {
    await system.sim('POST', 'revoke', { user: 'revoked' })
    await system.sim('POST', 'change-password', { user: 'new-password' })
    for (const name of ENDED) {
      await ask(name)
      expect((await person(name).connection()).status, name).to.equal('needs_reauth')
      const before = calls().length
      expect((await ask(name)).status).to.equal(409)
      expect(
        calls()
          .slice(before)
          .filter(({ user }) => user === name),
      ).to.deep.equal([])
      const ends = () =>
        listener.about(person(name).userId).filter((heard) => heard.routingKey === 'connection.needs_reauth')
      await until('the world is told', () => ends().length === 1)
    }
  })

  it('S01 to S20: at the end everybody has what Dexcom shows, each reading once, told to the world', async () => {
    system.simulator.clock.set(NOW_MS)
    const going = [...people.keys()].filter((name) => !ENDED.some((one) => one === name))
    for (const name of going) await ask(name)
    for (const name of ['clock-ahead', 'decade-ahead']) {
      const { timestamp } = (await person(name).call('GET', '/latest')).json
      expect(Date.parse(timestamp), `newest of ${name}`).to.be.at.most(Date.now())
    }
    for (const name of going) await settled(name)

    const deleted = (await person('fingersticks').call('GET', '/changes?limit=1000')).json.changes
    expect(new Set(deleted.map(({ kind }: { kind: string }) => kind))).to.include('deleted')
    const heard = consume(listener.about(person('fingersticks').userId))
    expect([...heard.kinds]).to.include.members(['created', 'updated', 'deleted'])
    for (const name of going) {
      const { userId } = person(name)
      const readings = await person(name).everyReading()
      await until(`all of ${name} is told`, () => {
        const { readings: toldOf } = consume(listener.about(userId))
        return readings.every(({ id, sequence }) => toldOf.get(id)?.sequence === sequence)
      })
      expect((await person(name).connection()).status, name).to.equal('connected')
    }
  })

  it('and the client kept its manners, and its secrets', async () => {
    // A refresh that was answered 500, 502 or 429 has spent nothing, so its token is shown again; a lost answer allows one more.
    expect(system.simulator.mannersViolations({ presentationsOfAToken: 4 })).to.deep.equal([])
    const { spentRefreshTokens, windowsTooLong, malformedDates, maxConcurrentRefreshes } = system.simulator.manners()
    expect({ spentRefreshTokens, windowsTooLong, malformedDates, maxConcurrentRefreshes }).to.deep.equal({
      spentRefreshTokens: 0,
      windowsTooLong: 0,
      malformedDates: 0,
      maxConcurrentRefreshes: 1,
    })
    for (const { output } of [system.api, ...system.workers])
      for (const secret of [system.simulator.clientSecret, 'Bad Gateway', 'client_secret=', 'IllegalStateException'])
        expect(output().includes(secret), 'written to the log').to.equal(false)
    const everyone = [...people.values()]
    const names = everyone.map(({ userId }) => userId)
    const secrets = everyone.map(({ token }) => token)
    expect(await findLeaks(system, { people: names, secrets })).to.deep.equal([])
  })
})
