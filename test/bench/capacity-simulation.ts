import { nextPollMs, UserId } from '@bg-ingest/domain'
import { LIMIT_PER_HOUR, SLOT_MS } from './capacity-demand.ts'

const HOUR_MS = 3_600_000

export interface Waits {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** The most calls in any hour, as a share of Dexcom's limit. */
  readonly busiestHour: number
  /** Calls made, as a share of the slots there were. */
  readonly used: number
}

interface Load {
  readonly users: number
  readonly pollSeconds: number
  /** Calls an hour of each person that come at any time: refreshes, slow records, the look back. */
  readonly otherCallsPerHour: number
  readonly hours: number
  /** Gives 0 <= x < 1; the same seed gives the same run. */
  readonly random: () => number
}

/**
 * One application under a virtual clock: every poll at the instant that the product's scheduler gives it, all else at
 * any time, one slot after another. What waits longest shows whether the phases are spread well enough.
 */
export function simulatePolls({ users, pollSeconds, otherCallsPerHour, hours, random }: Load): Waits {
  const endMs = hours * HOUR_MS
  const polls = pollTimes(users, pollSeconds * 1000, endMs)
  const others = Float64Array.from({ length: Math.round(users * otherCallsPerHour * hours) }, () => random() * endMs)
  const asked = Float64Array.from([...polls, ...others]).sort()
  const made = new Float64Array(asked.length)
  const waits = new Float64Array(asked.length)
  let free = 0
  asked.forEach((at, index) => {
    const start = Math.max(at, free)
    free = start + SLOT_MS
    made[index] = start
    waits[index] = start - at
  })
  waits.sort()
  const quantile = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
  return {
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
    busiestHour: busiest(made, HOUR_MS) / LIMIT_PER_HOUR,
    used: asked.length / (endMs / SLOT_MS),
  }
}

/** When the scheduler polls these people (packages/domain, schedule.ts). */
function* pollTimes(users: number, everyMs: number, endMs: number): Generator<number> {
  for (let n = 0; n < users; n += 1) {
    const userId = UserId.parse(`user-${n}`)
    for (let at = nextPollMs(userId, everyMs, 0); at < endMs; at += everyMs) yield at
  }
}

/** The most values within any span; `times` ascend. */
export function busiest(times: Float64Array, spanMs: number): number {
  let first = 0
  let most = 0
  times.forEach((at, index) => {
    while ((times[first] ?? 0) <= at - spanMs) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}
