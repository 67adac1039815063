import type { LimitOptions } from './limit-options.ts'

/** Calls of one application in the window of now. */
export interface CallCount {
  readonly clientId: string
  /** Calls that were let through and count against the limit. */
  readonly used: number
  /** Calls refused since the start. */
  readonly refused: number
  /** Null while there is no limit. */
  readonly left: number | null
}

export interface CallLimits {
  readonly options: () => LimitOptions | null
  /** Null lifts the limit. What was counted is forgotten. */
  readonly set: (options: LimitOptions | null) => void
  /** Counts a call in and answers null, or refuses it: milliseconds until the next one would be let through. */
  readonly enter: (clientId: string) => number | null
  readonly counts: () => CallCount[]
}

interface Book {
  /** Moments of the calls that were let through and may still count, oldest first from `first` on. */
  moments: number[]
  first: number
  refused: number
}

/** Forgotten moments are cut off in pieces of this many, so that a call costs the same however many came before it. */
const CUT_AT = 10_000

/** Counts in real time: a client's budget follows its own clock, not that of the readings. */
export function createCallLimits(first: LimitOptions | null, monotonicMs: () => number): CallLimits {
  let options = first
  const books = new Map<string, Book>()

  /** When the window of now began. */
  function windowStartMs({ mode, windowMs }: LimitOptions): number {
    const nowMs = monotonicMs()
    return mode === 'fixed' ? Math.floor(nowMs / windowMs) * windowMs : nowMs - windowMs
  }

  function bookOf(clientId: string): Book {
    const known = books.get(clientId)
    if (known) return known
    const book: Book = { moments: [], first: 0, refused: 0 }
    books.set(clientId, book)
    return book
  }

  /** Drops what lies before the window; a call exactly one sliding window ago no longer counts. */
  function tidied(clientId: string, limit: LimitOptions): Book {
    const book = bookOf(clientId)
    const startMs = windowStartMs(limit)
    const isOver = (moment: number | undefined) =>
      moment !== undefined && (limit.mode === 'fixed' ? moment < startMs : moment <= startMs)
    while (isOver(book.moments[book.first])) book.first += 1
    if (book.first >= CUT_AT) {
      book.moments = book.moments.slice(book.first)
      book.first = 0
    }
    return book
  }

  function waitMs(book: Book, limit: LimitOptions): number {
    if (limit.mode === 'fixed') return windowStartMs(limit) + limit.windowMs - monotonicMs()
    return (book.moments[book.first] ?? monotonicMs()) + limit.windowMs - monotonicMs()
  }

  return {
    options: () => options,
    set: (next) => {
      options = next
      books.clear()
    },
    enter: (clientId) => {
      if (!options) return null
      const book = tidied(clientId, options)
      if (book.moments.length - book.first < options.calls) {
        book.moments.push(monotonicMs())
        return null
      }
      book.refused += 1
      return waitMs(book, options)
    },
    counts: () =>
      [...books.keys()].map((clientId) => {
        const book = options ? tidied(clientId, options) : bookOf(clientId)
        const used = book.moments.length - book.first
        return { clientId, used, refused: book.refused, left: options ? Math.max(0, options.calls - used) : null }
      }),
  }
}
