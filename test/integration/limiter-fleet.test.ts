import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { budgetRun } from '../support/budget-run.ts'
import { countBetween, type Fleet, type FleetMember, mostWithin, startFleet } from '../support/fleet.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

/** A quick Dexcom for a short test, and slow enough for processes that share two cores with others. */
const MIN_TIME_MS = 40
const PER_HOUR = 3_600_000 / MIN_TIME_MS / 0.8
const WINDOW_MS = 2_000
/** Each of three processes may be late with the call that it was let through with, and so may our look at it. */
const MOST_IN_WINDOW = WINDOW_MS / MIN_TIME_MS + 6

/** A machine with other work loses slots; a gate that stalls loses far more. A quiet one uses 0.99 (budget-run.ts). */
const LEAST_USE = 0.5

describe('budget of a fleet', function () {
  // Processes start slowly on a machine with other work.
  this.timeout(60_000)
  let redis: LocalRedis
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  // promises.md I8; the prices of a kill and of a flush are one slot for each process.
  for (const [title, disturbed, most] of [
    ['is used and kept while workers are killed', { seconds: 5, killEveryMs: 2_000 }, 1.08],
    ['is kept but for a fifth while Redis is flushed', { seconds: 5, flushEveryMs: 2_000 }, 1.2],
    ['is used and kept while Redis forgets its scripts (C10)', { seconds: 4, forgetEveryMs: 500 }, 1.08],
  ] as const)
    it(title, async () => {
      const { use, highest } = await budgetRun({ redisUrl: redis.url, minTimeMs: MIN_TIME_MS, ...disturbed })
      expect(highest).to.be.at.most(most)
      expect(use).to.be.at.least(LEAST_USE)
    })

  describe('under load', () => {
    let fleet: Fleet
    let members: readonly FleetMember[]
    const spacings = () => members.map((member) => member.spacings.at(-1) ?? 'fleet')
    const all = (spacing: string) => spacings().every((now) => now === spacing)

    beforeEach(async () => {
      fleet = await startFleet({ redisUrl: redis.url, perHour: PER_HOUR, lines: 10 })
      members = await Promise.all([fleet.start(), fleet.start(), fleet.start()])
      const admin = new Redis(redis.url, { maxRetriesPerRequest: 1 })
      await until('all show themselves', async () => (await admin.zcard('bg:gate:default:members')) === 3)
      admin.disconnect()
      // Each counts the others once a second.
      await delay(1_500)
    })
    afterEach(() => fleet.stop())

    /** Through an outage of Redis of some seconds, and back. */
    async function survives(begin: () => unknown, end: () => Promise<unknown>) {
      await begin()
      await until('all keep to their share', () => all('local'))
      const localFromMs = performance.now()
      await delay(3_000)
      const localToMs = performance.now()
      await end()
      const backAtMs = performance.now()
      await until('all are back', () => all('fleet'), 10_000)
      const recoveryMs = performance.now() - backAtMs
      const fromMs = performance.now()
      await delay(1_500)
      const rate = (from: number, to: number) => (countBetween(fleet.arrivals, from, to) * MIN_TIME_MS) / (to - from)
      expect(recoveryMs).to.be.below(6_000)
      // Shares do not add up to the call: what counts is Dexcom's limit, of which the gate uses 80 %.
      expect(rate(localFromMs, localToMs)).to.be.within(LEAST_USE, 1 / 0.8)
      expect(rate(fromMs, fromMs + 1_500)).to.be.within(LEAST_USE, 1.1)
      expect(mostWithin(fleet.arrivals, WINDOW_MS)).to.be.at.most(MOST_IN_WINDOW / 0.8)
    }

    it('is shared out by head while Redis is dead, and whole again soon after', () =>
      survives(
        () => redis.stop(),
        async () => {
          redis = await startRedis(Number(new URL(redis.url).port))
        },
      ))

    it('is shared out by head while Redis is frozen', () =>
      survives(
        () => process.kill(redis.pid, 'SIGSTOP'),
        async () => process.kill(redis.pid, 'SIGCONT'),
      ))

    it('is shared again with a worker that was frozen for 15 s', async () => {
      const [sleeper] = members
      if (!sleeper) throw new Error('no worker')
      process.kill(sleeper.pid, 'SIGSTOP')
      const fromMs = performance.now()
      await delay(15_000)
      const without = countBetween(fleet.arrivals, fromMs + 1_000, performance.now())
      process.kill(sleeper.pid, 'SIGCONT')
      await until('it calls again by the shared spacing', () => all('fleet'))
      const wokenMs = performance.now()
      await until('it calls', () => fleet.arrivals.filter(isOf(sleeper.name, wokenMs)).length > 20, 15_000)
      expect((without * MIN_TIME_MS) / 14_000).to.be.within(LEAST_USE, 1.1)
      expect(mostWithin(fleet.arrivals, WINDOW_MS)).to.be.at.most(MOST_IN_WINDOW)
    })

    // promises.md I9. The only calls that may still arrive are those on the wire when the 429 was sent.
    it('F3: is not touched by anybody after a 429 until Retry-After, then by all again', async () => {
      const limitedAt: number[] = []
      fleet.answer((res) => {
        limitedAt.push(performance.now())
        res.writeHead(429, { 'retry-after': '3' }).end()
      })
      await until('a 429', () => limitedAt.length > 0)
      const [atMs = 0] = limitedAt
      fleet.answer(null)
      await delay(atMs + 3_000 - performance.now())
      const during = fleet.arrivals.filter((arrival) => arrival.atMs > atMs + 200 && arrival.atMs < atMs + 3_000)
      expect(during).to.deep.equal([])
      const calls = (name: string) => fleet.arrivals.some(isOf(name, atMs + 3_000))
      await until('all call again', () => members.every(({ name }) => calls(name)), 15_000)
    })
  })
})

const isOf = (name: string, sinceMs: number) => (arrival: { readonly atMs: number; readonly worker: string | null }) =>
  arrival.worker === name && arrival.atMs > sinceMs
