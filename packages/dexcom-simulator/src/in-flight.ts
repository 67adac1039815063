import type { Caller } from './exchange.ts'

/** Counts requests under way, for each person and kind of call. */
export interface InFlight {
  /** Counts one in and says how many there are now; call `leave` once. */
  readonly enter: (caller: Caller) => { readonly count: number; readonly leave: () => void }
}

export function createInFlight(): InFlight {
  const counts = new Map<string, number>()
  return {
    enter: ({ user, kind }) => {
      if (user === null) return { count: 1, leave: () => undefined }
      const key = `${kind}\n${user}`
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return {
        count,
        leave: () => {
          const left = (counts.get(key) ?? 1) - 1
          if (left === 0) counts.delete(key)
          else counts.set(key, left)
        },
      }
    },
  }
}
