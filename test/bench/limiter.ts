import { setTimeout as delay } from 'node:timers/promises'
import { countBetween, type Fleet, type FleetMember, mostWithin, startFleet } from '../support/fleet.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { atLeast, atMost, type Bench, type BenchFigure, type BenchOptions, figureOf } from './result.ts'

/** What Dexcom would allow; the gate uses 80 % of it, a call each 50 ms. */
const PER_HOUR = 90_000
const LIMIT_MS = 3_600_000 / PER_HOUR
const SPACING_MS = LIMIT_MS / 0.8
const PROCESSES = 4
const LINES = 20
/** The first calls of a process wait for its connections. */
const SETTLE_MS = 2_000
const KILL_AFTER_MS = 10_000
const OUTAGE_AFTER_MS = 10_000
const OUTAGE_MS = 3_000
const AFTERWARDS_MS = 12_000
const SPANS_MS = [1_000, 5_000, 20_000]
const MOST_ROUNDS = 3

/** Four processes at one budget: one is killed, then Redis is, and comes back empty. Counted where the calls arrive. */
export const limiter: Bench = {
  summary: 'four processes at one call budget, one of them killed, Redis restarted empty',
  async run({ rounds }: BenchOptions) {
    const taken: Round[] = []
    for (let round = 0; round < Math.min(rounds, MOST_ROUNDS); round += 1) taken.push(await aRound())
    return figuresOf(taken)
  },
}

interface Round {
  readonly calls: number
  /** The most calls in any span, of those that Dexcom allows in it. */
  readonly highest: number
  /** Calls made outside the outage, of those that the gate's own share allowed. */
  readonly used: number
  readonly recoverySeconds: number
}

async function aRound(): Promise<Round> {
  let redis = await startRedis()
  const fleet = await startFleet({ redisUrl: redis.url, perHour: PER_HOUR, lines: LINES })
  try {
    const members = await Promise.all(Array.from({ length: PROCESSES }, () => fleet.start()))
    await delay(SETTLE_MS)
    const fromMs = performance.now()
    await delay(KILL_AFTER_MS)
    const [killed, ...survivors] = members as [FleetMember, ...FleetMember[]]
    await killed.kill()
    await delay(OUTAGE_AFTER_MS)
    const lostMs = performance.now()
    await redis.stop()
    await delay(OUTAGE_MS)
    redis = await startRedis(Number(new URL(redis.url).port))
    const backMs = performance.now()
    const isShared = ({ spacings }: FleetMember) => spacings.at(-1) === 'fleet' && spacings.includes('local')
    await until('every process spaces its calls with the others', () => survivors.every(isShared), 30_000)
    const recoveredMs = performance.now()
    await delay(AFTERWARDS_MS)
    const untilMs = performance.now()
    const outside = [
      [fromMs, lostMs],
      [recoveredMs, untilMs],
    ] as const
    return {
      calls: fleet.arrivals.length,
      highest: Math.max(...SPANS_MS.map((span) => (mostWithin(fleet.arrivals, span) * LIMIT_MS) / span)),
      used: usedIn(fleet, outside),
      recoverySeconds: (recoveredMs - backMs) / 1_000,
    }
  } finally {
    await fleet.stop()
    await redis.stop()
  }
}

function usedIn({ arrivals }: Fleet, spans: readonly (readonly [number, number])[]): number {
  const calls = spans.reduce((sum, [from, to]) => sum + countBetween(arrivals, from, to), 0)
  const ms = spans.reduce((sum, [from, to]) => sum + to - from, 0)
  return (calls * SPACING_MS) / ms
}

function figuresOf(rounds: readonly Round[]): readonly BenchFigure[] {
  const n = rounds.reduce((sum, { calls }) => sum + calls, 0)
  const figure = (name: string, unit: string, of: (round: Round) => number, goal: ReturnType<typeof atMost>) =>
    figureOf({ name, unit, n, goal }, rounds.map(of))
  return [
    figure(
      'most calls in any 1, 5 or 20 s, of the limit',
      '%',
      ({ highest }) => 100 * highest,
      atMost(102, 'at most 102 %'),
    ),
    figure('used outside the outage, of the gate’s 80 %', '%', ({ used }) => 100 * used, atLeast(98, 'at least 98 %')),
    figure('until all are shared again', 's', ({ recoverySeconds }) => recoverySeconds, atMost(3, 'below 3 s')),
  ]
}
