import { queryWindow } from '../data/query-window.ts'
import type { Caller, Endpoint } from '../exchange.ts'

/** How a client has behaved: what a test may assert about it, beside the data it ends up with. */
export interface MannersReport {
  readonly calls: Readonly<Partial<Record<Endpoint, number>>>
  /** Highest number of calls of one person that were under way at once, over all people and for each. */
  readonly maxConcurrentData: number
  readonly maxConcurrentRefreshes: number
  readonly spentRefreshTokens: number
  readonly longestWindowSeconds: number
  readonly malformedDates: number
  readonly users: Readonly<Record<string, UserManners>>
}

interface UserManners {
  readonly maxConcurrentData: number
  readonly maxConcurrentRefreshes: number
  readonly spentRefreshTokens: number
}

interface Seen {
  readonly endpoint: Endpoint
  readonly query: URLSearchParams
  readonly caller: Caller
  readonly inFlight: number
}

export interface Manners {
  readonly note: (seen: Seen) => void
  readonly report: () => MannersReport
  readonly clear: () => void
}

const NOTHING: UserManners = { maxConcurrentData: 0, maxConcurrentRefreshes: 0, spentRefreshTokens: 0 }
const WINDOWED: readonly Endpoint[] = ['egvs', 'calibrations', 'events']

export function createManners(): Manners {
  const calls = new Map<Endpoint, number>()
  const users = new Map<string, UserManners>()
  let longestWindowSeconds = 0
  let malformedDates = 0

  function noteUser(user: string, { caller, inFlight }: Seen): void {
    const before = users.get(user) ?? NOTHING
    const raised = (kind: Caller['kind'], high: number) => (caller.kind === kind ? Math.max(high, inFlight) : high)
    users.set(user, {
      maxConcurrentData: raised('data', before.maxConcurrentData),
      maxConcurrentRefreshes: raised('refresh', before.maxConcurrentRefreshes),
      spentRefreshTokens: before.spentRefreshTokens + (caller.spentRefreshToken ? 1 : 0),
    })
  }
  function noteWindow(query: URLSearchParams): void {
    const asked = queryWindow(query)
    if (asked.kind === 'refused' && asked.isMalformed) malformedDates += 1
    const seconds = asked.kind === 'refused' ? (asked.seconds ?? 0) : (asked.window.toMs - asked.window.fromMs) / 1000
    longestWindowSeconds = Math.max(longestWindowSeconds, seconds)
  }

  return {
    note: (seen) => {
      calls.set(seen.endpoint, (calls.get(seen.endpoint) ?? 0) + 1)
      if (seen.caller.user !== null) noteUser(seen.caller.user, seen)
      if (WINDOWED.includes(seen.endpoint)) noteWindow(seen.query)
    },
    report: () => {
      const all = [...users.values()]
      return {
        calls: Object.fromEntries(calls),
        maxConcurrentData: Math.max(0, ...all.map((user) => user.maxConcurrentData)),
        maxConcurrentRefreshes: Math.max(0, ...all.map((user) => user.maxConcurrentRefreshes)),
        spentRefreshTokens: all.reduce((sum, user) => sum + user.spentRefreshTokens, 0),
        longestWindowSeconds,
        malformedDates,
        users: Object.fromEntries(users),
      }
    },
    clear: () => {
      calls.clear()
      users.clear()
      longestWindowSeconds = 0
      malformedDates = 0
    },
  }
}
