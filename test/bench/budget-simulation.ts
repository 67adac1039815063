import { busiest } from './capacity-simulation.ts'
import { seededRandom } from './seeded-random.ts'
import { createTimeline, type Timeline } from './timeline.ts'
import { type Call, createVirtualFleet, type VirtualFleet } from './virtual-fleet.ts'

const HOUR_MS = 3_600_000

export interface Budget {
  readonly users: number
  readonly pollMs: number
  readonly slotMs: number
  readonly hours: number
  /** Jobs at a time in each of four processes. */
  readonly concurrency: number
  /** Syncs by hand an hour, and ten times as many in the storm. */
  readonly manualPerHour: number
  readonly storm: { readonly fromHour: number; readonly toHour: number }
}

export interface BudgetUse {
  readonly calls: number
  /** Calls made, of the slots there were. */
  readonly used: number
  readonly busiestHour: number
  /** Jain's index of the polls of each person: 1 where all are polled alike. */
  readonly fairness: number
  /** 99 in 100 manual syncs of the storm wait no longer for a call. */
  readonly manualWaitMs: number
  /** Polls in the storm, of those in the same time before it. */
  readonly pollsKept: number
}

const STORM_FACTOR = 10

/** A fleet under a virtual clock; the same budget gives the same figures. */
export async function simulateBudget(budget: Budget): Promise<BudgetUse> {
  const timeline = createTimeline()
  const fleet = createVirtualFleet({ timeline, ...budget, processes: 4 })
  askByHand(timeline, fleet, budget)
  await timeline.runUntil(budget.hours * HOUR_MS)
  return useOf(fleet.calls, budget)
}

/** Somebody new each time, at random instants. */
function askByHand(timeline: Timeline, { ask }: VirtualFleet, { users, manualPerHour, storm }: Budget): void {
  const random = seededRandom(1)
  const next = (fromMs: number): void => {
    const isStorm = fromMs >= storm.fromHour * HOUR_MS && fromMs < storm.toHour * HOUR_MS
    const perHour = manualPerHour * (isStorm ? STORM_FACTOR : 1)
    const atMs = fromMs - (Math.log(1 - random()) * HOUR_MS) / perHour
    timeline.at(atMs, () => {
      ask(Math.floor(random() * users))
      next(atMs)
    })
  }
  next(0)
}

function useOf(calls: readonly Call[], { users, slotMs, hours, storm }: Budget): BudgetUse {
  const between = (fromHour: number, toHour: number, trigger: Call['trigger']) =>
    calls.filter((call) => call.trigger === trigger && call.atMs >= fromHour * HOUR_MS && call.atMs < toHour * HOUR_MS)
  const { fromHour, toHour } = storm
  const polls = between(0, hours, 'poll')
  const times = Float64Array.from(calls, ({ atMs }) => atMs)
  return {
    calls: calls.length,
    used: (calls.length * slotMs) / (hours * HOUR_MS),
    busiestHour: busiest(times, HOUR_MS),
    fairness: jain(polls, users),
    manualWaitMs: p99(between(fromHour, toHour, 'manual').map(({ waitedMs }) => waitedMs)),
    pollsKept: between(fromHour, toHour, 'poll').length / between(2 * fromHour - toHour, fromHour, 'poll').length,
  }
}

function jain(polls: readonly Call[], users: number): number {
  const each = new Float64Array(users)
  for (const { user } of polls) each[user] = Number(each[user]) + 1
  const sum = each.reduce((total, count) => total + count, 0)
  return sum ** 2 / (users * each.reduce((total, count) => total + count ** 2, 0))
}

function p99(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}
