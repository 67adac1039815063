import { type ChildProcess, spawn } from 'node:child_process'
import type { PublicReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import type { PersonClient } from '../support/e2e-client.ts'
import { metric, metricOfAll } from '../support/e2e-metrics.ts'
import { type ListeningApp, startApp } from '../support/e2e-process.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { orderVariables } from '../support/kill-order.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const PEOPLE = ['ann', 'ben', 'cid', 'dot', 'eve', 'fay']
const POLLED = 'bg_sync_total{trigger="poll",outcome="completed"}'
/** promises.md, B7. */
const LOST_SHARE = 0.01
const CLOCK = new URL('../support/skewed-clock.ts', import.meta.url).href
const clockAhead = (ms: number) => ({ NODE_OPTIONS: `--import ${CLOCK}`, BG_CLOCK_AHEAD_MS: String(ms) })

/** promises.md, B2 and B5 to B9: all of them in one fleet, beside one worker that has nothing. */
const BAD: Readonly<Record<string, { readonly variables?: Record<string, string>; readonly shell?: string }>> = {
  'its event loop is blocked for 9 s (B2)': {
    variables: orderVariables({ step: 'fetched', deed: 'block', blockMs: 9_000 }),
  },
  'nobody reads its output (B5)': {},
  'it may open 128 files (B6)': { shell: 'ulimit -n 128' },
  'its clock is an hour ahead (B8)': { variables: clockAhead(HOUR_MS) },
  'its clock is an hour behind (B8)': { variables: clockAhead(-HOUR_MS) },
}

describe('A fleet of bad workers', function () {
  this.timeout(300_000)
  const system = useSystem({
    workers: 1,
    // A zone that once left out a whole day, for every process (B9).
    variables: { POLL_INTERVAL_SECONDS: '2', TZ: 'Pacific/Apia' },
    simulator: { users: PEOPLE.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })) },
  })
  const people: PersonClient[] = []
  const bad = new Map<string, ListeningApp>()
  const busy: ChildProcess[] = []
  /** One after another: a store that is busy with a fleet may refuse a read, which is asked for again. */
  const readings = async () => {
    const all: PublicReading[][] = []
    for (const person of people)
      await until(
        'the store answers',
        () =>
          person.everyReading().then(
            (found) => all.push(found) > 0,
            () => false,
          ),
        20_000,
      )
    return all
  }
  let first: PublicReading[][]
  before(async () => {
    for (const name of PEOPLE) people.push(await system.connect(aPerson(name), name))
    for (const person of people) await untilHistoryIs('complete', person)
    first = await readings()
  })
  after(async () => {
    for (const hog of busy) hog.kill('SIGKILL')
    for (const worker of bad.values()) worker.kill('SIGKILL')
  })

  const lastPolled = (person: PersonClient) =>
    person.connection().then(
      ({ lastSuccessAt }) => Date.parse(lastSuccessAt),
      () => 0,
    )
  /** By workers whose clock is right: a poll by the one that is an hour behind counts as none, until the next. */
  const untilPolledSince = (since: number, ms: number) =>
    until('everybody is polled', async () => (await Promise.all(people.map(lastPolled))).every((at) => at > since), ms)

  it(`goes on where ${Object.keys(BAD).join('; ')}`, async () => {
    for (const [what, { variables, shell }] of Object.entries(BAD))
      bad.set(what, await startApp('worker', { ...system.variables, ...variables }, shell))
    bad.get('nobody reads its output (B5)')?.deafen()
    for (const [what, worker] of bad)
      await until(`a worker has polled although ${what}`, async () => (await metric(worker, POLLED)) > 0, 60_000)
    await untilPolledSince(Date.now() + 1_000, 60_000)
  })

  it('goes on while two other programs take the processors (B7), and loses no lease by it', async () => {
    const all = () => [...system.workers, ...bad.values()]
    /** Runs that had to end because the lease or the lock was over, as far as anybody reads what a worker writes. */
    const lost = () => all().flatMap(({ output }) => output().match(/"code":"lease_lost"|"job stalled/g) ?? []).length
    const polls = () => metricOfAll(all(), POLLED)
    const before = { lost: lost(), polls: await polls() }
    for (let i = 0; i < 2; i++) busy.push(spawn(process.execPath, ['-e', 'for (;;);']))
    for (let round = 0; round < 2; round++) await untilPolledSince(Date.now(), 60_000)
    for (const hog of busy) hog.kill('SIGKILL')
    const done = (await polls()) - before.polls
    expect(done, 'polls').to.be.at.least(2 * PEOPLE.length)
    // Fewer than a hundred polls are counted, and one by itself is no share.
    expect(lost() - before.lost, 'lost leases and locks').to.be.at.most(Math.max(1, LOST_SHARE * done))
  })

  it('has asked Dexcom for nobody twice at once, and spent no grant twice', async () => {
    const { entries } = await system.sim('GET', 'journal?endpoint=egvs')
    expect(entries.filter(({ inFlight }: { inFlight: number }) => inFlight > 1)).to.deep.equal([])
    for (const person of people)
      expect(await person.connection()).to.deep.include({ status: 'connected', problem: null })
  })

  it('has stored every reading once, at its instant', async () => {
    expect(await readings()).to.deep.equal(first)
    const newest = first.map((all) => Date.parse(all.at(-1)?.timestamp ?? ''))
    // Dexcom shows a reading an hour late.
    const { now } = await system.sim('GET', 'clock')
    for (const at of newest) expect(Date.parse(now) - at).to.be.within(HOUR_MS, 2 * HOUR_MS)
  })

  it('ends in order, whatever its workers had', async () => {
    for (const [what, worker] of bad) {
      worker.kill('SIGTERM')
      expect(await worker.exited(), `${what}\n${worker.output().slice(-2_000)}`).to.deep.equal({
        code: 0,
        signal: null,
      })
    }
    // The one whose clock was ahead has had ticks of the next hour; whoever leads calls them back.
    await untilPolledSince(Date.now(), 60_000)
  })
})
