import type { Caller, Endpoint } from '../exchange.ts'

/** One request to the public API, as the journal tells it. The simulator is a test tool: it names people. */
export interface JournalEntry {
  /** 1 for the first request after the start; never used twice. */
  readonly sequence: number
  /** Real time of arrival, and what the virtual clock showed then; RFC 3339. */
  readonly at: string
  readonly virtualAt: string
  readonly region: string
  /** The application that called, as far as token, form or query say. */
  readonly clientId: string | null
  readonly endpoint: Endpoint
  readonly method: string
  readonly path: string
  readonly user: string | null
  readonly query: Readonly<Record<string, string>>
  readonly kind: Caller['kind']
  readonly tokenGeneration: number | null
  /** Requests of the same person and kind under way when this one came, itself included. */
  readonly inFlight: number
  /** Null while under way, and for good where the connection was dropped. */
  readonly status: number | null
  readonly durationMs: number | null
}

interface JournalFilter {
  readonly user?: string | undefined
  readonly endpoint?: Endpoint | undefined
  /** Only entries with a higher sequence. */
  readonly after?: number | undefined
}

export interface Journal {
  readonly open: (entry: Omit<JournalEntry, 'sequence' | 'status' | 'durationMs'>) => number
  readonly close: (sequence: number, status: number | null, durationMs: number) => void
  readonly list: (filter: JournalFilter) => JournalEntry[]
  readonly clear: () => void
}

/** A ring: the newest `capacity` requests are kept, so that a simulator may run for weeks. */
export function createJournal(capacity: number): Journal {
  const ring: JournalEntry[] = []
  let next = 1
  let oldest = 1
  return {
    open: (entry) => {
      const sequence = next
      next += 1
      oldest = Math.max(oldest, next - capacity)
      ring[sequence % capacity] = { ...entry, sequence, status: null, durationMs: null }
      return sequence
    },
    close: (sequence, status, durationMs) => {
      const entry = ring[sequence % capacity]
      if (entry?.sequence === sequence) ring[sequence % capacity] = { ...entry, status, durationMs }
    },
    list: ({ user, endpoint, after = 0 }) => {
      const found: JournalEntry[] = []
      for (let sequence = Math.max(oldest, after + 1); sequence < next; sequence++) {
        const entry = ring[sequence % capacity]
        if (!entry || (user !== undefined && entry.user !== user)) continue
        if (endpoint === undefined || entry.endpoint === endpoint) found.push(entry)
      }
      return found
    },
    clear: () => {
      ring.length = 0
      oldest = next
    },
  }
}
