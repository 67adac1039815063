import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LoadGauge {
  /** How late a turn of the event loop comes, in milliseconds: the median of the last second or two. */
  readonly lagMs: () => number
  readonly stop: () => void
}

const RESOLUTION_MS = 10
const WINDOW_MS = 1_000
const NS_PER_MS = 1e6

/**
 * Watches the event loop. The median, not a high percentile: one long garbage collection or a busy neighbour delays a
 * few turns and is over; a process that cannot keep up delays all of them.
 */
export function startLoadGauge(): LoadGauge {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let lagMs = 0
  const timer = setInterval(() => {
    // What is measured is the time from turn to turn, which is the resolution where nothing is late.
    lagMs = Math.max(0, histogram.percentile(50) / NS_PER_MS - RESOLUTION_MS)
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
