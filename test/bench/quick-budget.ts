import { simulateBudget } from './budget-simulation.ts'
import { SLOT_MS } from './capacity-demand.ts'
import type { QuickRatio } from './quick-ratio.ts'

/** Three virtual hours with a twentieth of the people and of the calls; the same budget gives the same figures on any machine. */
export async function quickBudget(): Promise<readonly QuickRatio[]> {
  const slotMs = 20 * SLOT_MS
  const { used, fairness, manualWaitMs, pollsKept } = await simulateBudget({
    users: 1_000,
    pollMs: 900_000,
    concurrency: 10,
    slotMs,
    hours: 3,
    manualPerHour: 30,
    storm: { fromHour: 2, toHour: 3 },
  })
  return [
    { name: 'slots of the call budget, of those used', ratio: 1 / used, was: 1 },
    { name: 'polls of the busiest people, of a fair share', ratio: 1 / fairness, was: 1.02 },
    { name: 'a manual sync waits in a storm, in slots', ratio: manualWaitMs / slotMs, was: 45.6 },
    { name: 'polls before a storm, of those in it', ratio: 1 / pollsKept, was: 1.15 },
  ]
}
