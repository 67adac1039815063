import { simulateBudget } from './budget-simulation.ts'
import { LIMIT_PER_HOUR, SLOT_MS } from './capacity-demand.ts'
import { atLeast, atMost, type Bench, figureOf } from './result.ts'

const HOUR_MS = 3_600_000
const LIMIT_MS = HOUR_MS / LIMIT_PER_HOUR

/** Eight hours of a fleet that has more people than its application may ask for, under a virtual clock. */
export const dexcomBudget: Bench = {
  summary: '20,000 people at one Dexcom application for 8 virtual hours, with the product’s own turnstile and phases',
  async run() {
    const { calls, used, busiestHour, fairness, manualWaitMs, pollsKept } = await simulateBudget({
      users: 20_000,
      pollMs: 900_000,
      concurrency: 50,
      slotMs: SLOT_MS,
      hours: 8,
      manualPerHour: 600,
      storm: { fromHour: 4, toHour: 6 },
    })
    const figure = (name: string, unit: string, value: number, goal?: ReturnType<typeof atMost>) =>
      figureOf({ name, unit, n: calls, ...(goal ? { goal } : {}) }, [value])
    const refused = Math.max(0, busiestHour - LIMIT_PER_HOUR)
    return [
      figure('calls beyond the limit in any rolling hour', 'calls', refused, atMost(0, 'no 429')),
      figure('used of what the gate allows, 80 % of the limit', '%', 100 * used, atLeast(97, 'at least 97 %')),
      figure('used of Dexcom’s own limit', '%', (100 * used * LIMIT_MS) / SLOT_MS),
      figure('fairness of polls between people (Jain)', '', fairness, atLeast(0.99, 'at least 0.99')),
      figure('a manual sync waits in the storm, 99 in 100', 's', manualWaitMs / 1_000, atMost(2, 'at most 2 s')),
      figure('polls in the storm, of those before it', '%', 100 * pollsKept, atLeast(70, 'at least 70 %')),
    ]
  },
}
