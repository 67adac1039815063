import { once } from 'node:events'
import { failureLine } from './failure-line.ts'

interface RunOptions {
  /** Bound on everything after the first signal, in milliseconds. */
  readonly graceMs: number
  readonly onForced: (reason: 'grace over' | 'second signal') => void
}

/** Left over for what runs past the bound of a drain: closing sockets, flushing logs. */
const MARGIN_MS = 1_000

/** After the work has ended, what is still open (a socket whose other side is frozen) is not waited for. */
const LINGER_MS = 200

/**
 * Runs `serve` until it ends by itself or SIGTERM or SIGINT asks it to. A second signal, or work that outlives the
 * grace, ends the process at once: the lease and the queue's locks are made for that. So does an error that nobody
 * caught, of which one line is printed that names no secret. Output that nobody reads any more ends nothing.
 */
export async function runUntilSignal(serve: (stop: AbortSignal) => Promise<void>, options: RunOptions): Promise<void> {
  const stop = new AbortController()
  const force = (reason: 'grace over' | 'second signal') => {
    options.onForced(reason)
    process.exit(1)
  }
  let overtime: NodeJS.Timeout | undefined
  const onSignal = () => {
    if (stop.signal.aborted) return force('second signal')
    stop.abort()
    overtime = setTimeout(() => force('grace over'), options.graceMs + MARGIN_MS).unref()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  // Rejections that nobody handles come here too; Node's own report would print the error whole.
  process.on('uncaughtException', endByFault)
  for (const output of [process.stdout, process.stderr]) output.on('error', ignore)
  try {
    await serve(stop.signal)
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
    clearTimeout(overtime)
    if (stop.signal.aborted) setTimeout(() => process.exit(), LINGER_MS).unref()
    else process.off('uncaughtException', endByFault)
  }
}

/** A closed pipe or a full disk behind the log: the service goes on without it. */
const ignore = () => undefined

function endByFault(err: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception'
  process.stderr.write(`${failureLine(what, err)}\n`)
  process.exit(1)
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
