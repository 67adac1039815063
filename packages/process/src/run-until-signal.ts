import { once } from 'node:events'

interface RunOptions {
  /** Bound on everything after the first signal, in milliseconds. */
  readonly graceMs: number
  readonly onForced: (reason: 'grace over' | 'second signal') => void
}

/** Left over for what runs past the bound of a drain: closing sockets, flushing logs. */
const MARGIN_MS = 1_000

/**
 * Runs `serve` until it ends by itself or SIGTERM or SIGINT asks it to. A second signal, or work that outlives the
 * grace, ends the process at once: the lease and the queue's locks are made for that.
 */
export async function runUntilSignal(serve: (stop: AbortSignal) => Promise<void>, options: RunOptions): Promise<void> {
  const stop = new AbortController()
  const force = (reason: 'grace over' | 'second signal') => {
    options.onForced(reason)
    process.exit(1)
  }
  const onSignal = () => {
    if (stop.signal.aborted) return force('second signal')
    stop.abort()
    setTimeout(() => force('grace over'), options.graceMs + MARGIN_MS).unref()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    await serve(stop.signal)
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
