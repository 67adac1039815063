import * as z from 'zod'
import type { Alarms } from '../alarms.ts'
import type { FaultAction } from '../faults/fault-actions.ts'

/** How a whole region fails. */
export const OutageOptions = z.strictObject({
  /** `refuse`: the port is closed, so that connections are refused; the side door on it is closed as well. */
  mode: z.enum(['status', 'reset', 'silence', 'refuse']).default('status'),
  status: z.number().int().min(500).max(599).default(503),
  retryAfter: z.union([z.string(), z.number()]).optional(),
  /** Real milliseconds; without it, until it is ended. */
  forMs: z.number().int().min(1).optional(),
})
export type OutageOptions = z.infer<typeof OutageOptions>

export interface Outage {
  /** Null while the region is well. */
  readonly current: () => OutageOptions | null
  readonly begin: (outage: OutageOptions) => void
  readonly end: () => void
}

interface OutageInput {
  readonly alarms: Alarms
  /** Closes and opens the port. */
  readonly setListening: (isListening: boolean) => void
}

export function createOutage({ alarms, setListening }: OutageInput): Outage {
  let current: OutageOptions | null = null
  let callOff: (() => void) | null = null

  function end(): void {
    callOff?.()
    callOff = null
    if (current?.mode === 'refuse') setListening(true)
    current = null
  }
  return {
    current: () => current,
    begin: (outage) => {
      end()
      current = outage
      if (outage.mode === 'refuse') setListening(false)
      if (outage.forMs !== undefined) callOff = alarms.at('real', alarms.now('real') + outage.forMs, end)
    },
    end,
  }
}

/** What an outage does to each request that still gets through. */
export function outageAction({ mode, status, retryAfter }: OutageOptions): FaultAction {
  switch (mode) {
    case 'status':
      return { kind: 'status', status, ...(retryAfter === undefined ? {} : { retryAfter }) }
    case 'reset':
    case 'refuse':
      return { kind: 'reset', when: 'before' }
    case 'silence':
      return { kind: 'silence', when: 'before' }
    default:
      return mode satisfies never
  }
}
