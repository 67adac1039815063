import { TRENDS } from '@bg-ingest/domain'
import * as z from 'zod'
import { DEVICE_NAMES } from './devices.ts'
import { PROFILE_NAMES } from './generator/profiles.ts'
import { ANSWER_OPTIONS } from './options/answer-options.ts'
import { Cadence, FACT_OPTIONS, Zone } from './options/fact-options.ts'

const Common = z.strictObject({
  // The login page shows it and the journal is asked by it.
  name: z.string().regex(/^[^\p{Cc}]{1,64}$/u, 'must be 1 to 64 characters, none of them a control character'),
  /** IANA name of the zone that the person's phone is set to. */
  zone: Zone.optional(),
  device: z.enum(DEVICE_NAMES).optional(),
  ...FACT_OPTIONS,
  ...ANSWER_OPTIONS,
})

/** What may be changed while the simulator runs; who somebody is and what was measured stays. */
export const DataOptions = z.strictObject({ ...FACT_OPTIONS, ...ANSWER_OPTIONS })
export type DataOptions = Readonly<z.infer<typeof DataOptions>>

/** One reading to replay; what is left out is null, and `uploadTimeMs` is then the moment of measurement. */
export const ReplayRecord = z.strictObject({
  systemTimeMs: z.number().int(),
  value: z.number().int().nullable(),
  trend: z.enum(TRENDS).nullish(),
  trendRate: z.number().nullish(),
  uploadTimeMs: z.number().int().optional(),
})
export type ReplayRecord = Readonly<z.infer<typeof ReplayRecord>>

export const GeneratedUser = Common.extend({
  kind: z.literal('generated'),
  profile: z.enum(PROFILE_NAMES),
  /** How many days before the clock's start the first reading lies. */
  historyDays: z.number().min(0).max(3650).optional(),
  cadence: Cadence.optional(),
  /** Readings fall on milliseconds instead of whole seconds. */
  milliseconds: z.boolean().optional(),
})

export const ReplayUser = Common.extend({
  kind: z.literal('replay'),
  readings: z.array(ReplayRecord).readonly(),
})

/** A Dexcom account of the simulator: made up, or a recorded one played back. */
export const SimulatedUser = z.discriminatedUnion('kind', [GeneratedUser, ReplayUser])
export type SimulatedUser = Readonly<z.infer<typeof SimulatedUser>>

/** Stand-ins for the sandbox's users of the same names (dexcom-api.md 2.10): G6 receiver, G6, G7 and ONE+ app. */
export const SANDBOX_USERS: readonly SimulatedUser[] = [
  { name: 'User4', kind: 'generated', profile: 'quiet', device: 'g6-receiver' },
  { name: 'User6', kind: 'generated', profile: 'gappy', device: 'g6-ios' },
  { name: 'User7', kind: 'generated', profile: 'lively', device: 'g7-ios' },
  { name: 'User8', kind: 'generated', profile: 'quiet', device: 'one-plus-ios', zone: 'Europe/London' },
]
