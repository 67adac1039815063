import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LoadGauge {
  /** How late a turn of the event loop comes, in milliseconds: the median of the last half second. */
  readonly lagMs: () => number
  readonly stop: () => void
}

const RESOLUTION_MS = 10
/** A garbage collection of a quarter of a second is one turn among 25 in it; a process that cannot keep up has only late ones. */
const WINDOW_MS = 500
const NS_PER_MS = 1e6

/**
 * Watches the event loop. The median, not a high percentile: one long garbage collection or a busy neighbour delays a
 * few turns and is over; a process that cannot keep up delays all of them.
 */
export function startLoadGauge(): LoadGauge {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let lagMs = 0
  let lookedAtMs = performance.now()
  // Timers come before sockets: whoever was kept waiting by a block finds it measured.
  const timer = setInterval(() => {
    const sinceMs = performance.now() - lookedAtMs
    lookedAtMs += sinceMs
    // What is measured is the time from turn to turn, which is the resolution where nothing is late. No turn at all, and
    // this one has taken all the time there was.
    const turnMs = histogram.count > 0 ? histogram.percentile(50) / NS_PER_MS : sinceMs
    lagMs = Math.max(0, turnMs - RESOLUTION_MS)
    histogram.reset()
  }, WINDOW_MS)
  timer.unref()
  return {
    lagMs: () => lagMs,
    stop() {
      clearInterval(timer)
      histogram.disable()
    },
  }
}
