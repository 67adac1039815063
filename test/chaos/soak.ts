import { setTimeout as delay } from 'node:timers/promises'
import { FAULTS } from './catalogue.ts'
import type { ChaosStage } from './stage.ts'

const PAUSE_MS = 2_000
/** The clock of the simulator has room for 90 hours of data, which flow at 600 hours an hour: now and then it rests. */
const CONVERGE_EVERY_MS = 120_000

/** One fault by chance after the other, for so long; answers which. */
export async function soak(stage: ChaosStage, ms: number): Promise<readonly string[]> {
  const choice = FAULTS.filter(({ random }) => random)
  const ids: string[] = []
  const startedAt = performance.now()
  let convergedAt = startedAt
  while (performance.now() - startedAt < ms) {
    const fault = choice[Math.floor(stage.random() * choice.length)]
    if (!fault) break
    ids.push(fault.id)
    stage.note(`by chance ${fault.id}`)
    await fault.play(stage)
    await delay(PAUSE_MS)
    if (performance.now() - convergedAt < CONVERGE_EVERY_MS) continue
    await stage.converge()
    convergedAt = performance.now()
    stage.flow()
  }
  return ids
}
