import { createVirtualClock, type ReplayRecord } from '@bg-ingest/dexcom-simulator'
import type { PublicReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { metricOfAll } from '../support/e2e-metrics.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

const CADENCE_MS = 300_000
const HOUR_MS = 3_600_000
const NOW_MS = Math.floor(Date.now() / 1000) * 1000
/** Three days pass in about fifteen seconds, ten or more polls. */
const DAYS_MS = 72 * HOUR_MS
const SPEED = DAYS_MS / 15_000
/** Dexcom shows what a phone sent an hour later; what is younger at the end is not asked for. */
const LAST_MS = NOW_MS - 2 * HOUR_MS

/** Stretches without a signal, hours from the beginning: what was measured in them arrives behind newer readings. */
const OUTAGES = [
  { from: 5, to: 8, upload: 12 },
  { from: 20, to: 30, upload: 40 },
  { from: 50, to: 51, upload: 70 },
]

function uploadOf(systemTimeMs: number): number {
  const hour = (systemTimeMs - (NOW_MS - DAYS_MS)) / HOUR_MS
  const outage = OUTAGES.find(({ from, to }) => hour >= from && hour < to)
  // Every sixth reading of an outage came through at once: the newest known reading moves on past the hole.
  const cameThrough = Math.floor(systemTimeMs / CADENCE_MS) % 6 === 0
  return outage && !cameThrough ? NOW_MS - DAYS_MS + outage.upload * HOUR_MS : systemTimeMs
}

function measured(): ReplayRecord[] {
  const first = NOW_MS - DAYS_MS - 12 * HOUR_MS
  return Array.from({ length: Math.floor((LAST_MS - first) / CADENCE_MS) }, (_, i) => {
    const systemTimeMs = first + i * CADENCE_MS
    return { systemTimeMs, value: 60 + ((i * 37) % 241), uploadTimeMs: uploadOf(systemTimeMs) }
  })
}

/** How many were stored later than one that was measured after them. `readings` are oldest first. */
function overtaken(readings: readonly PublicReading[]): number {
  let earliest = '~'
  let count = 0
  for (const { receivedAt } of readings.toReversed()) {
    if (receivedAt > earliest) count += 1
    else earliest = receivedAt
  }
  return count
}

describe('Data that comes late, and tokens that end early', function () {
  this.timeout(120_000)
  const records = measured()
  const clock = createVirtualClock({ startMs: NOW_MS - DAYS_MS, speed: 0 })
  const system = useSystem({
    name: 'late-data',
    variables: { POLL_INTERVAL_SECONDS: '1' },
    simulator: {
      clock,
      // Renewed after a second, by real time: at nearly every poll.
      accessTokenSeconds: 2,
      users: [{ name: 'late', kind: 'replay', readings: records }],
    },
  })
  let listener: Listener
  before(async () => {
    listener = await listen()
  })
  after(() => listener.close())

  it('ends with every reading, whenever it arrived, and spends each refresh token once', async () => {
    const person = await system.connect(aPerson('late'), 'late')
    await untilHistoryIs('complete', person)
    expect((await person.everyReading()).length, 'half a day so far').to.be.within(100, 150)

    clock.setSpeed(SPEED)
    await until('three days have passed', () => clock.now() >= NOW_MS, 60_000)
    clock.setSpeed(0)
    clock.set(NOW_MS)
    const wanted = records.map(({ systemTimeMs, value }) => `${new Date(systemTimeMs).toISOString()} ${value}`)
    const shown = async () => (await person.everyReading()).map(({ timestamp, glucose }) => `${timestamp} ${glucose}`)
    await until('the newest reading is there', async () => (await shown()).at(-1) === wanted.at(-1), 20_000)
    expect(await shown()).to.deep.equal(wanted)

    const readings = await person.everyReading()
    expect(overtaken(readings), 'readings that arrived behind newer ones').to.be.above(100)
    await until('every change is told', () => consume(listener.about(person.userId)).through === readings.length)
    expect(consume(listener.about(person.userId)).kinds).to.deep.equal(new Set(['created']))

    const manners = await system.sim('GET', 'manners')
    expect(manners).to.include({ spentRefreshTokens: 0, maxConcurrentRefreshes: 1, malformedDates: 0 })
    expect(manners.longestWindowSeconds).to.be.at.most(30 * 86_400)
    const refreshed = await metricOfAll(system.workers, 'bg_token_refresh_total{outcome="refreshed"}')
    expect(refreshed).to.be.at.least(5)
    const { entries } = await system.sim('GET', 'journal?endpoint=token')
    expect(entries.filter(({ kind }: { kind: string }) => kind === 'refresh')).to.have.length(refreshed)
    expect((await person.connection()).status).to.equal('connected')
  })

  it('survives a token that ends between two calls, for all who ask at once', async () => {
    const person = await system.connect(aPerson('hurried'), 'late')
    await untilHistoryIs('complete', person)
    for (let round = 0; round < 5; round++) {
      await system.sim('POST', 'expire-access-tokens', {})
      const wait = { headers: { prefer: 'wait=20' } }
      const answers = await Promise.all(Array.from({ length: 4 }, () => person.call('POST', '/sync', wait)))
      for (const { json } of answers) expect(json.status).to.equal('completed')
    }
    expect(await system.sim('GET', 'manners')).to.include({ spentRefreshTokens: 0, maxConcurrentRefreshes: 1 })
  })
})
