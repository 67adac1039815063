/** The most calls of an application within any span of a given length. */
export interface CallWindows {
  readonly note: (clientId: string, atMs: number) => void
  readonly most: () => number
  readonly perClient: () => Readonly<Record<string, number>>
  readonly windowMs: () => number
  /** Starts to count anew, with another length where one is given. */
  readonly reset: (windowMs?: number) => void
}

interface Calls {
  moments: number[]
  first: number
  most: number
}

/** Forgotten moments are cut off in pieces of this many. */
const CUT_AT = 10_000

export function createCallWindows(firstWindowMs: number): CallWindows {
  let windowMs = firstWindowMs
  const clients = new Map<string, Calls>()

  return {
    note: (clientId, atMs) => {
      const calls = clients.get(clientId) ?? { moments: [], first: 0, most: 0 }
      clients.set(clientId, calls)
      calls.moments.push(atMs)
      while ((calls.moments[calls.first] ?? atMs) <= atMs - windowMs) calls.first += 1
      calls.most = Math.max(calls.most, calls.moments.length - calls.first)
      if (calls.first < CUT_AT) return
      calls.moments = calls.moments.slice(calls.first)
      calls.first = 0
    },
    most: () => Math.max(0, ...[...clients.values()].map(({ most }) => most)),
    perClient: () => Object.fromEntries([...clients].map(([clientId, { most }]) => [clientId, most])),
    windowMs: () => windowMs,
    reset: (next = windowMs) => {
      windowMs = next
      clients.clear()
    },
  }
}
