import * as z from 'zod'
import { FaultRule } from '../faults/fault-rule.ts'
import { LimitOptions } from '../limits/limit-options.ts'
import { Quirks } from '../options/quirks.ts'
import { PUSH_MODES, PushOptions } from '../push/push-options.ts'
import { FreezeOptions } from '../regions/freeze.ts'
import { OutageOptions } from '../regions/outage.ts'
import { DataOptions } from '../users.ts'

const deed = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), ...shape })

const region = z.string().optional()
const user = z.string()

/** What a step of a scenario does. `region` is the first one unless told otherwise. */
export const Deed = z.discriminatedUnion('kind', [
  /** Says its line and does nothing: a mark for whoever plays along. */
  deed('note', {}),
  deed('data', { region, user, options: DataOptions }),
  /** Without a user: everybody's. */
  deed('quirks', { region, user: user.optional(), quirks: Quirks }),
  deed('fault', { rule: FaultRule }),
  deed('clear-faults', {}),
  deed('limits', { region, limits: LimitOptions.nullable() }),
  deed('outage', { region, outage: OutageOptions }),
  deed('end-outage', { region }),
  deed('freeze', { region, freeze: FreezeOptions.default({}) }),
  deed('thaw', { region }),
  deed('push', { region, push: PushOptions.nullable() }),
  deed('push-modes', { region, modes: z.array(z.enum(PUSH_MODES)) }),
  /** A person's newest readings, new or not, so many times; each is a delivery of its own. */
  deed('push-send', { region, user, times: z.number().int().min(1).default(1) }),
  deed('clock', {
    advanceMs: z.number().int().optional(),
    setMs: z.number().int().optional(),
    speed: z.number().min(0).optional(),
  }),
  deed('revoke', { region, user, clientId: z.string().optional() }),
  deed('change-password', { region, user }),
  deed('rotate-secret', { region, clientId: z.string().optional(), secret: z.string().min(1) }),
  deed('expire-all', { region }),
  deed('expire-access-tokens', { region, user: user.optional() }),
])
export type Deed = Readonly<z.infer<typeof Deed>>
