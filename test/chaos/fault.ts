import type { ChaosStage } from './stage.ts'

/** Where in a run a fault is played; each phase has its own part of promises.md list A to K. */
export const PHASES = ['kills', 'dexcom', 'dynamodb', 'redis', 'rabbitmq', 'workers', 'requests'] as const
export type Phase = (typeof PHASES)[number]

export interface Fault {
  /** As in promises.md section 4: A6, C2 … */
  readonly id: string
  readonly phase: Phase
  readonly about: string
  /** Played by `--short` too, which has one scene for all of them. */
  readonly short?: 'in turn' | 'beside the others'
  /** Short and harmless beside others, so that chance may pick it. */
  readonly random?: true
  /** Faults of a phase with the same scene are played side by side. */
  readonly scene: string
  /** Wants the workers for itself: played before the others of its scene, in the order of the catalogue. */
  readonly inTurn?: boolean
  /** How long after it everything has to be right again, beside what a slow machine is allowed; 25 s unless told. */
  readonly healedMs?: number
  /** Does the harm, holds it and takes it back; what is wrong by itself it throws. */
  readonly play: (stage: ChaosStage) => Promise<void>
}
