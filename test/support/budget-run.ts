import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { countBetween, type FleetMember, mostWithin, startFleet } from './fleet.ts'

interface BudgetRun {
  readonly redisUrl: string
  readonly minTimeMs: number
  readonly seconds: number
  /** One of three workers is killed and another started, so often. */
  readonly killEveryMs?: number
  readonly flushEveryMs?: number
  /** Redis forgets its scripts, so often. */
  readonly forgetEveryMs?: number
}

interface BudgetUse {
  /** Calls made of those that the budget allowed; 1 is all of it. */
  readonly use: number
  /** The most calls within any 5 s, of those that the budget allows in 5 s. */
  readonly highest: number
}

const WINDOW_MS = 5_000

/** Three workers with more work than budget, disturbed in the ways asked for; counted where the calls arrive. */
export async function budgetRun({ redisUrl, minTimeMs, seconds, ...faults }: BudgetRun): Promise<BudgetUse> {
  const fleet = await startFleet({ redisUrl, perHour: 3_600_000 / minTimeMs / 0.8, lines: 20 })
  // A test that is over takes its Redis along; then nothing here may wait for it.
  const admin = new Redis(redisUrl, { maxRetriesPerRequest: 1, commandTimeout: 2_000, retryStrategy: () => null })
  admin.on('error', () => undefined)
  try {
    const members = await Promise.all([fleet.start(), fleet.start(), fleet.start()])
    // The first calls of a process wait for its connections.
    await delay(500)
    const fromMs = performance.now()
    const untilMs = fromMs + seconds * 1000
    const until = async (everyMs: number | undefined, act: () => Promise<unknown>) => {
      if (everyMs === undefined) return
      for (let at = fromMs + everyMs; at < untilMs; at += everyMs) {
        await delay(Math.max(0, at - performance.now()))
        await act()
      }
    }
    const replaceOne = async () => {
      const [oldest] = members.splice(0, 1) as [FleetMember]
      await oldest.kill()
      members.push(await fleet.start())
    }
    await Promise.all([
      until(faults.killEveryMs, replaceOne),
      until(faults.flushEveryMs, () => admin.flushall()),
      until(faults.forgetEveryMs, () => admin.script('FLUSH')),
      delay(seconds * 1000),
    ])
    const inRun = fleet.arrivals.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
    return {
      use: (countBetween(inRun, fromMs, untilMs) * minTimeMs) / (seconds * 1000),
      highest: (mostWithin(inRun, WINDOW_MS) * minTimeMs) / WINDOW_MS,
    }
  } finally {
    admin.disconnect()
    await fleet.stop()
  }
}
