import { AppError } from '@bg-ingest/domain'

/**
 * Pages being read from the store at a time: 40 of 5 ms of CPU are the fifth of a second that one may take. A thousand at
 * once were served after half a minute, and nobody was turned away (docs/performance/reads.md).
 */
const PLACES = 40
const RETRY_AFTER_MS = 2_000

/** So many pages at a time are read from the store by one process, whoever asks. */
export interface PagePlaces {
  /** Refuses with `service_unavailable` while no place is free. */
  orRefused<Args extends readonly unknown[], T>(read: (...args: Args) => Promise<T>): (...args: Args) => Promise<T>
  /** Waits for a place: an export that has begun could only be cut off. */
  inTurn<Args extends readonly unknown[], T>(read: (...args: Args) => Promise<T>): (...args: Args) => Promise<T>
}

export function createPagePlaces(places = PLACES): PagePlaces {
  let taken = 0
  const waiting: (() => void)[] = []
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else taken -= 1
  }
  return {
    orRefused:
      (read) =>
      async (...args) => {
        if (taken >= places)
          throw new AppError('service_unavailable', 'Too much to do right now', { retryAfterMs: RETRY_AFTER_MS })
        taken += 1
        return read(...args).finally(leave)
      },
    inTurn:
      (read) =>
      async (...args) => {
        if (taken < places) taken += 1
        else await new Promise<void>((resolve) => waiting.push(resolve))
        return read(...args).finally(leave)
      },
  }
}
