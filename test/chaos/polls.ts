import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosStage } from './stage.ts'

const LOOK_AGAIN_MS = 100

/** Waits until everybody was polled once more although nobody asks for them (I12); answers how many ms that took. */
export async function untilPolled({ people, system: { simulator } }: ChaosStage, withinMs: number): Promise<number> {
  const startedAt = performance.now()
  const elapsed = () => Math.round(performance.now() - startedAt)
  const last = simulator.journal.list({}).at(-1)?.sequence ?? 0
  const unpolled = () =>
    people.filter(
      ({ account }) => simulator.journal.list({ user: account, endpoint: 'egvs', after: last }).length === 0,
    )
  while (unpolled().length > 0) {
    if (elapsed() > withinMs) throw new Error(`I12 ${unpolled().length} people not polled within ${withinMs} ms`)
    await delay(LOOK_AGAIN_MS)
  }
  return elapsed()
}
