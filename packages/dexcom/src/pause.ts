export interface Pause {
  /** Milliseconds left; 0 where calls may go. */
  left(): number
  /** Never shortens a pause that lasts longer. */
  extend(ms: number): void
}

/** This process's memory of the region's pause, for when Redis has lost it or cannot be asked. `now` never jumps. */
export function createPause(now: () => number): Pause {
  let until = Number.NEGATIVE_INFINITY
  return {
    left: () => Math.max(0, until - now()),
    extend(ms) {
      until = Math.max(until, now() + ms)
    },
  }
}
