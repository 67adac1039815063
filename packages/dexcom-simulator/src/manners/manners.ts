import { WINDOW_LIMIT_MS } from '@bg-ingest/domain'
import { queryWindow } from '../data/query-window.ts'
import type { Caller, Endpoint } from '../exchange.ts'
import { createCallWindows } from './call-windows.ts'
import { createPersonBook, type PersonBook, type PersonManners } from './person-manners.ts'

/** How a client has behaved: what a test may assert about it, beside the data it ends up with. */
export interface MannersReport {
  readonly calls: Readonly<Partial<Record<Endpoint, number>>>
  /** Highest number of calls of one person that were under way at once, over all people and for each. */
  readonly maxConcurrentData: number
  readonly maxConcurrentRefreshes: number
  readonly spentRefreshTokens: number
  readonly callsAfterInvalidGrant: number
  readonly longestWindowSeconds: number
  readonly windowsTooLong: number
  readonly malformedDates: number
  /** The most calls of one application within any `slidingWindowMs` of real time. */
  readonly slidingWindowMs: number
  readonly mostCallsInWindow: number
  readonly mostCallsInWindowPerClient: Readonly<Record<string, number>>
  readonly users: Readonly<Record<string, PersonManners>>
}

interface Seen {
  readonly endpoint: Endpoint
  readonly query: URLSearchParams
  readonly caller: Caller
  readonly clientId: string | null
  readonly inFlight: number
  /** Real elapsed time. */
  readonly atMs: number
}

/** What a token call came to. */
interface TokenOutcome {
  readonly user: string | null
  readonly outcome: 'tokens' | 'invalid_grant'
}

export interface Manners {
  readonly note: (seen: Seen) => void
  readonly noteOutcome: (outcome: TokenOutcome) => void
  readonly report: () => MannersReport
  /** Starts anew, with another length of the sliding window where one is given. */
  readonly clear: (slidingWindowMs?: number) => void
}

/** Every window of these is checked; the others take no dates, or ignore them. */
const WINDOWED: readonly string[] = ['egvs', 'calibrations', 'events', 'alerts']
/** The browser's calls are not the application's. */
const BROWSER: readonly Endpoint[] = ['login']

const HOUR_MS = 3_600_000

export function createManners(firstWindowMs = HOUR_MS): Manners {
  const calls = new Map<Endpoint, number>()
  const people = new Map<string, PersonBook>()
  const windows = createCallWindows(firstWindowMs)
  let longestWindowSeconds = 0
  let windowsTooLong = 0
  let malformedDates = 0

  function bookOf(user: string): PersonBook {
    const known = people.get(user)
    if (known) return known
    const book = createPersonBook()
    people.set(user, book)
    return book
  }

  function noteWindow(query: URLSearchParams): void {
    const asked = queryWindow(query)
    if (asked.kind === 'refused' && asked.isMalformed) malformedDates += 1
    const seconds = asked.kind === 'refused' ? (asked.seconds ?? 0) : (asked.window.toMs - asked.window.fromMs) / 1000
    longestWindowSeconds = Math.max(longestWindowSeconds, seconds)
    if (seconds * 1000 > WINDOW_LIMIT_MS) windowsTooLong += 1
  }

  return {
    note: ({ endpoint, query, caller, clientId, inFlight, atMs }) => {
      calls.set(endpoint, (calls.get(endpoint) ?? 0) + 1)
      if (clientId !== null && !BROWSER.includes(endpoint)) windows.note(clientId, atMs)
      if (caller.user !== null) bookOf(caller.user).note(endpoint, caller, inFlight)
      if (WINDOWED.includes(endpoint)) noteWindow(query)
    },
    noteOutcome: ({ user, outcome }) => {
      if (user !== null) bookOf(user).setDead(outcome === 'invalid_grant')
    },
    report: () => {
      const users = Object.fromEntries([...people].map(([user, book]) => [user, book.report()]))
      const all = Object.values(users)
      const sum = (of: (person: PersonManners) => number) => all.reduce((total, person) => total + of(person), 0)
      return {
        calls: Object.fromEntries(calls),
        maxConcurrentData: Math.max(0, ...all.map((person) => person.maxConcurrentData)),
        maxConcurrentRefreshes: Math.max(0, ...all.map((person) => person.maxConcurrentRefreshes)),
        spentRefreshTokens: sum((person) => person.spentRefreshTokens),
        callsAfterInvalidGrant: sum((person) => person.callsAfterInvalidGrant),
        longestWindowSeconds,
        windowsTooLong,
        malformedDates,
        slidingWindowMs: windows.windowMs(),
        mostCallsInWindow: windows.most(),
        mostCallsInWindowPerClient: windows.perClient(),
        users,
      }
    },
    clear: (slidingWindowMs) => {
      calls.clear()
      people.clear()
      windows.reset(slidingWindowMs)
      longestWindowSeconds = 0
      windowsTooLong = 0
      malformedDates = 0
    },
  }
}
