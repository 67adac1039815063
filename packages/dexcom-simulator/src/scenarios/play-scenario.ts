import type { Alarms } from '../alarms.ts'
import type { VirtualClock } from '../clock.ts'
import type { Faults } from '../faults/faults.ts'
import type { Region } from '../regions/region.ts'
import { doDeed } from './do-deed.ts'
import type { Scenario } from './scenario-file.ts'

export interface Stage {
  readonly regions: ReadonlyMap<string, Region>
  readonly clock: VirtualClock
  readonly alarms: Alarms
  readonly faults: Pick<Faults, 'add' | 'clear'>
  /** Told of each step, a line each. */
  readonly onProgress: (line: string) => void
}

/** Lets the steps of a scenario happen as time passes. Resolves when the last one has, rejects where one cannot. */
export function playScenario(scenario: Scenario | undefined, stage: Stage): Promise<void> {
  if (!scenario) return Promise.resolve()
  const { alarms, clock, onProgress } = stage
  const realStartMs = alarms.now('real')
  const steps = scenario.steps.map(
    ({ after, clock: base, say, does }) =>
      new Promise<void>((resolve, reject) => {
        const dueMs = (base === 'virtual' ? scenario.startMs : realStartMs) + after
        alarms.at(base, dueMs, () => {
          onProgress(`${new Date(clock.now()).toISOString()} ${say}`)
          try {
            doDeed(does, stage, base === 'virtual' ? dueMs : clock.now())
            resolve()
          } catch (err) {
            reject(err)
          }
        })
      }),
  )
  return Promise.all(steps).then(() => undefined)
}
