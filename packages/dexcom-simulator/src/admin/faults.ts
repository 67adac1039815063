import * as z from 'zod'
import { ENDPOINTS, type Endpoint } from '../exchange.ts'

/** What goes wrong, for the next `count` requests that match. */
export const FaultRule = z
  .strictObject({
    endpoint: z.enum([...ENDPOINTS, 'any']),
    user: z.string().optional(),
    count: z.number().int().min(1),
    /** Answered instead of the true answer; the request has no effect. */
    status: z.number().int().min(200).max(599).optional(),
    /** Value of Retry-After as it is to be sent: seconds or an HTTP date. */
    retryAfter: z.union([z.string(), z.number()]).optional(),
    body: z.string().optional(),
    contentType: z.string().optional(),
    delayMs: z.number().int().min(0).optional(),
    /** `before`: nothing happens. `after`: everything happens, a token rotates too, but the answer is lost. */
    dropConnection: z.enum(['before', 'after']).optional(),
  })
  .refine(
    ({ status, delayMs, dropConnection }) =>
      status !== undefined || delayMs !== undefined || dropConnection !== undefined,
    'needs status, delayMs or dropConnection',
  )
export type FaultRule = Readonly<z.infer<typeof FaultRule>>

export interface Faults {
  readonly add: (rule: FaultRule) => void
  /** The first rule that fits, used up by one; null where none fits. */
  readonly take: (endpoint: Endpoint, user: string | null) => FaultRule | null
  /** Rules that still wait, with the count that is left. */
  readonly list: () => readonly FaultRule[]
  readonly clear: () => void
}

export function createFaults(): Faults {
  let rules: readonly FaultRule[] = []
  return {
    add: (rule) => {
      rules = [...rules, rule]
    },
    take: (endpoint, user) => {
      const fits = (rule: FaultRule) =>
        (rule.endpoint === 'any' || rule.endpoint === endpoint) && (rule.user === undefined || rule.user === user)
      const taken = rules.find(fits)
      if (!taken) return null
      rules = rules.flatMap((rule) => {
        if (rule !== taken) return [rule]
        return rule.count > 1 ? [{ ...rule, count: rule.count - 1 }] : []
      })
      return taken
    },
    list: () => rules,
    clear: () => {
      rules = []
    },
  }
}
