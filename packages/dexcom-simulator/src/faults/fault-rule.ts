import * as z from 'zod'
import { ENDPOINTS } from '../exchange.ts'
import { FaultAction } from './fault-actions.ts'

/** Hours and minutes of a UTC day. */
const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be hh:mm')

/** What goes wrong, where, for whom, when and how often. */
export const FaultRule = z
  .strictObject({
    endpoint: z.enum([...ENDPOINTS, 'any']),
    user: z.string().optional(),
    /** Any of these. */
    users: z.array(z.string()).min(1).optional(),
    region: z.string().optional(),
    clientId: z.string().optional(),
    /** Of the requests that fit otherwise; 1 unless told otherwise. */
    probability: z.number().min(0).max(1).optional(),
    /** How many requests it hits; without it, all until it is deleted or its time is over. */
    count: z.number().int().min(1).optional(),
    /** Epoch milliseconds of `clock`, [from, to). */
    fromMs: z.number().optional(),
    toMs: z.number().optional(),
    /** [from, to) of each UTC day of `clock`; may span midnight. */
    daily: z.strictObject({ from: TimeOfDay, to: TimeOfDay }).optional(),
    clock: z.enum(['virtual', 'real']).optional(),
    /** Waited before anything else. */
    delayMs: z.number().int().min(0).optional(),
    action: FaultAction.optional(),
    /** Short for an action of kind `status`: answered instead of the true answer; the request has no effect. */
    status: z.number().int().min(200).max(599).optional(),
    /** With `status`: seconds, or the header as it is to be sent. */
    retryAfter: z.union([z.string(), z.number()]).optional(),
    body: z.string().optional(),
    contentType: z.string().optional(),
    /** `before`: nothing happens. `after`: everything happens, a token rotates too, but the answer is lost. */
    dropConnection: z.enum(['before', 'after']).optional(),
  })
  .refine(
    ({ status, delayMs, dropConnection, action }) =>
      status !== undefined || delayMs !== undefined || dropConnection !== undefined || action !== undefined,
    'needs action, status, delayMs or dropConnection',
  )
  .refine(
    ({ status, dropConnection, action }) =>
      action === undefined || (status === undefined && dropConnection === undefined),
    'action cannot be together with status or dropConnection',
  )
export type FaultRule = Readonly<z.infer<typeof FaultRule>>
