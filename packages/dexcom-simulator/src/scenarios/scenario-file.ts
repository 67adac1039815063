import * as z from 'zod'
import { FaultRule } from '../faults/fault-rule.ts'
import { LimitOptions } from '../limits/limit-options.ts'
import { REFRESH_REUSE } from '../oauth/grants.ts'
import { PushOptions } from '../push/push-options.ts'
import { ApplicationOptions, RegionOptions } from '../regions/region-options.ts'
import { GeneratedUser, SimulatedUser } from '../users.ts'
import { Deed } from './deeds.ts'
import { durationMs } from './scenario-time.ts'

const Sentence = z.string().min(10)

const Duration = z.string().transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== null) return ms
  context.addIssue('must be a duration such as 90s, 6h or 1.5d')
  return z.NEVER
})

export const StartsAt = z.union([
  z.literal('now'),
  z.string().refine((text) => text.startsWith('now-') && durationMs(text.slice('now-'.length)) !== null, 'is no start'),
  z.iso.datetime(),
])

const Step = z.strictObject({
  /** Counted from the scenario's start. */
  after: Duration,
  /** By which clock; the virtual one unless told otherwise. */
  clock: z.enum(['virtual', 'real']).default('virtual'),
  /** The line that is shown when it happens. */
  say: Sentence,
  does: Deed,
})

/** So many made-up people of one kind, each with a number behind the name. */
const Crowd = GeneratedUser.omit({ kind: true }).extend({
  kind: z.literal('crowd'),
  count: z.number().int().min(1).max(10_000),
})

/** What a scenario sets beside its users: the options of `startSimulator` of the same names. */
const Options = z.strictObject({
  seed: z.string().min(1).exactOptional(),
  accessTokenSeconds: z.number().int().min(1).exactOptional(),
  vendorDelaySeconds: z.number().int().min(0).exactOptional(),
  latencyMs: z.number().min(0).exactOptional(),
  refreshReuse: z.enum(REFRESH_REUSE).exactOptional(),
  graceSeconds: z.number().min(0).exactOptional(),
  callbackIssuer: z.union([z.boolean(), z.string()]).exactOptional(),
  region: z.string().exactOptional(),
  applications: z.array(ApplicationOptions).exactOptional(),
  regions: z.array(RegionOptions).exactOptional(),
  limits: LimitOptions.exactOptional(),
  push: PushOptions.exactOptional(),
  faults: z.array(FaultRule).exactOptional(),
})

/** One file of packages/dexcom-simulator/scenarios. Moments in it are texts as in `scenario-time.ts`. */
export const ScenarioFile = z.strictObject({
  number: z.number().int().min(1),
  /** As the file is called. */
  name: z.string().regex(/^[a-z][a-z0-9-]+$/),
  rehearses: Sentence,
  /** What must be true at the end, in words. */
  expects: Sentence,
  /** What the test harness does beside, where the fault is not Dexcom's. */
  orchestrate: Sentence.optional(),
  /**
   * Where the virtual clock starts: an instant, or so long before now. What runs faster than time starts early enough to
   * end now: a client by its own clock asks for nothing of the future.
   */
  startsAt: StartsAt,
  /** Virtual seconds a second, where the scenario runs by itself. */
  speed: z.number().min(0).default(1),
  options: Options.default({}),
  users: z.array(z.union([SimulatedUser, Crowd])).min(1),
  steps: z.array(Step).min(1),
})
export type ScenarioFile = z.infer<typeof ScenarioFile>
type ScenarioStep = ScenarioFile['steps'][number]

/** A scenario that is ready to be played. */
export interface Scenario extends Pick<ScenarioFile, 'number' | 'name' | 'rehearses' | 'expects' | 'orchestrate'> {
  readonly startMs: number
  readonly speed: number
  readonly options: Readonly<ScenarioFile['options']>
  readonly users: readonly SimulatedUser[]
  /** In order of `after`. */
  readonly steps: readonly ScenarioStep[]
}

/** The people of a crowd, or the one person that it is. */
export function peopleOf(user: ScenarioFile['users'][number]): SimulatedUser[] {
  if (user.kind !== 'crowd') return [user]
  const { count, kind: _, ...common } = user
  const digits = String(count).length
  return Array.from({ length: count }, (_unused, i) => ({
    ...common,
    kind: 'generated' as const,
    name: `${user.name}-${String(i + 1).padStart(digits, '0')}`,
  }))
}
