import * as z from 'zod'
import type { Alarms } from '../alarms.ts'

export const FreezeOptions = z.strictObject({
  /** Virtual milliseconds; without it, until it is ended. */
  forMs: z.number().int().min(1).optional(),
})
export type FreezeOptions = z.infer<typeof FreezeOptions>

/** Dexcom answers, but with nothing new; then all of it comes at once (dexcom-api.md 12.18). */
export interface Freeze {
  /** The moment after which nothing is shown; null while data flow. */
  readonly sinceMs: () => number | null
  /** `atMs`: the moment of the virtual clock that it begins at, now unless told otherwise. */
  readonly begin: (options: FreezeOptions, atMs?: number) => void
  readonly end: () => void
}

export function createFreeze(alarms: Alarms): Freeze {
  let sinceMs: number | null = null
  let callOff: (() => void) | null = null

  function end(): void {
    callOff?.()
    callOff = null
    sinceMs = null
  }
  return {
    sinceMs: () => sinceMs,
    begin: ({ forMs }, atMs = alarms.now('virtual')) => {
      end()
      sinceMs = atMs
      if (forMs !== undefined) callOff = alarms.at('virtual', atMs + forMs, end)
    },
    end,
  }
}
