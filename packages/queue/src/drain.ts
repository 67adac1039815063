import { setTimeout as delay } from 'node:timers/promises'
import { withinMs } from './within.ts'

interface Draining {
  /** BullMQ's own close of every worker: ends once what ran is accounted for in Redis. */
  readonly closed: Promise<unknown>
  /** Handlers that run here. */
  readonly running: () => number
  readonly cancel: () => void
  readonly graceMs: number
  readonly releaseMs: number
}

const LOOK_MS = 20
/** What BullMQ may need to tell Redis of the last end. A Redis that takes longer is away, and has lost nothing by it. */
const SETTLE_MS = 1_000

/** Waits for what runs, then cancels it and waits again. True where nothing runs any more. */
export async function drain({ closed, running, cancel, graceMs, releaseMs }: Draining): Promise<boolean> {
  const settleMs = Math.min(SETTLE_MS, releaseMs)
  if (await endsWithin(graceMs, settleMs, closed, running)) return true
  cancel()
  return endsWithin(releaseMs, settleMs, closed, running)
}

/** Until BullMQ has closed, or until no handler has run for `settleMs` although it has not. */
async function endsWithin(
  ms: number,
  settleMs: number,
  closed: Promise<unknown>,
  running: () => number,
): Promise<boolean> {
  const until = performance.now() + ms
  let idleSince: number | null = null
  for (;;) {
    if (await withinMs(closed, LOOK_MS)) return true
    const now = performance.now()
    idleSince = running() > 0 ? null : (idleSince ?? now)
    if (idleSince !== null && now - idleSince >= settleMs) return true
    if (now >= until) return running() === 0
    await delay(0)
  }
}
