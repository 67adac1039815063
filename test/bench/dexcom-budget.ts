import { LIMIT_PER_HOUR, SHARE } from './capacity-demand.ts'
import { busiest } from './capacity-simulation.ts'
import { atLeast, atMost, type Bench, type BenchFigure, figureOf } from './result.ts'
import { seededRandom } from './seeded-random.ts'
import { createTimeline, type Timeline } from './timeline.ts'
import { type Call, createVirtualFleet, type VirtualFleet } from './virtual-fleet.ts'

const HOUR_MS = 3_600_000
const USERS = 20_000
const POLL_MS = 900_000
const HOURS = 8
/** The fleet fills up first: everybody is new. */
const STORM = { fromHour: 4, toHour: 6 }
/** Manual syncs an hour; in the storm ten times as many. */
const MANUAL_PER_HOUR = 600
const STORM_FACTOR = 10
const ALLOWED_PER_HOUR = LIMIT_PER_HOUR * SHARE

/** Eight hours of a fleet that has more people than its application may ask for, under a virtual clock. */
export const dexcomBudget: Bench = {
  summary: '20,000 people at one Dexcom application for 8 virtual hours, with the product’s own turnstile and phases',
  async run() {
    const timeline = createTimeline()
    const fleet = createVirtualFleet({ timeline, users: USERS, pollMs: POLL_MS, processes: 4, concurrency: 50 })
    askByHand(timeline, fleet)
    await timeline.runUntil(HOURS * HOUR_MS)
    return figuresOf(fleet.calls)
  },
}

/** Somebody new each time, at random instants. */
function askByHand(timeline: Timeline, { ask }: VirtualFleet): void {
  const random = seededRandom(1)
  const isStorm = (ms: number) => ms >= STORM.fromHour * HOUR_MS && ms < STORM.toHour * HOUR_MS
  const next = (fromMs: number): void => {
    const perHour = MANUAL_PER_HOUR * (isStorm(fromMs) ? STORM_FACTOR : 1)
    const atMs = fromMs - (Math.log(1 - random()) * HOUR_MS) / perHour
    timeline.at(atMs, () => {
      ask(Math.floor(random() * USERS))
      next(atMs)
    })
  }
  next(0)
}

function figuresOf(calls: readonly Call[]): readonly BenchFigure[] {
  const n = calls.length
  const inStorm = ({ atMs }: Call) => atMs >= STORM.fromHour * HOUR_MS && atMs < STORM.toHour * HOUR_MS
  const polls = calls.filter(({ trigger }) => trigger === 'poll')
  const before = polls.filter(({ atMs }) => atMs >= 2 * HOUR_MS && atMs < STORM.fromHour * HOUR_MS)
  const manual = calls.filter((call) => call.trigger === 'manual' && inStorm(call)).map(({ waitedMs }) => waitedMs)
  const most = busiest(
    Float64Array.from(calls, ({ atMs }) => atMs),
    HOUR_MS,
  )
  const refused = Math.max(0, most - LIMIT_PER_HOUR)
  const figure = (name: string, unit: string, value: number, goal?: ReturnType<typeof atMost>) =>
    figureOf({ name, unit, n, ...(goal ? { goal } : {}) }, [value])
  return [
    figure('calls that Dexcom would refuse, any rolling hour', 'calls', refused, atMost(0, 'no 429')),
    figure(
      'used of what the gate allows (80 % of the limit)',
      '%',
      (100 * n) / (ALLOWED_PER_HOUR * HOURS),
      atLeast(97, 'at least 97 %'),
    ),
    figure('used of Dexcom’s own limit', '%', (100 * n) / (LIMIT_PER_HOUR * HOURS)),
    figure('fairness of polls between people (Jain)', '', jain(polls), atLeast(0.99, 'at least 0.99')),
    figure('a manual sync waits in the storm, 99 in 100', 's', quantile(manual, 0.99) / 1000, atMost(2, 'at most 2 s')),
    figure(
      'polls in the storm, of those before it',
      '%',
      (100 * polls.filter(inStorm).length) / before.length,
      atLeast(70, 'at least 70 %'),
    ),
  ]
}

/** 1 where everybody is polled as often as everybody else; 1 / people where only one is. */
function jain(polls: readonly Call[]): number {
  const each = new Float64Array(USERS)
  for (const { user } of polls) each[user] = Number(each[user]) + 1
  const sum = each.reduce((total, count) => total + count, 0)
  return sum ** 2 / (USERS * each.reduce((total, count) => total + count ** 2, 0))
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
