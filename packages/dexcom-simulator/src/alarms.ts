import type { VirtualClock } from './clock.ts'

export type TimeBase = 'virtual' | 'real'

/** Calls back at a moment of the virtual clock or of real elapsed time, wherever the clock is moved meanwhile. */
export interface Alarms {
  /** `dueMs` in the time base asked for: epoch milliseconds, or those of `monotonicMs`. Returns how to call it off. */
  readonly at: (base: TimeBase, dueMs: number, ring: () => void) => () => void
  /** What a time base shows now, milliseconds. */
  readonly now: (base: TimeBase) => number
  /** Calls off all of them and takes no more. */
  readonly stop: () => void
}

interface Alarm {
  readonly base: TimeBase
  readonly dueMs: number
  readonly order: number
  readonly ring: () => void
}

/** Node's timers fire at once beyond 2^31-1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export function createAlarms(clock: VirtualClock, monotonicMs: () => number): Alarms {
  const waiting = new Set<Alarm>()
  let timer: NodeJS.Timeout | undefined
  let made = 0
  let isRinging = false
  let isStopped = false
  const now = (base: TimeBase) => (base === 'virtual' ? clock.now() : monotonicMs())
  const isDue = ({ base, dueMs }: Alarm) => dueMs <= now(base)

  function realWaitMs({ base, dueMs }: Alarm): number {
    const leftMs = Math.max(0, dueMs - now(base))
    // A clock that stands still brings nothing nearer; whoever moves it tells.
    return base === 'real' || leftMs === 0 ? leftMs : leftMs / clock.speed()
  }

  function rearm(): void {
    clearTimeout(timer)
    if (waiting.size === 0 || isStopped) return
    const waitMs = Math.min(...[...waiting].map(realWaitMs))
    if (!Number.isFinite(waitMs)) return
    timer = setTimeout(ringDue, Math.min(LONGEST_TIMER_MS, Math.ceil(waitMs)))
    timer.unref()
  }

  /** In order of their moments, also those that became due by a jump over several; a ring may set further alarms. */
  function ringDue(): void {
    if (isRinging) return
    isRinging = true
    try {
      for (let next = firstDue(); next && !isStopped; next = firstDue()) {
        waiting.delete(next)
        next.ring()
      }
    } finally {
      isRinging = false
      rearm()
    }
  }
  const firstDue = () => [...waiting].filter(isDue).toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]

  const stopListening = clock.onChange(ringDue)
  return {
    now,
    at: (base, dueMs, ring) => {
      const alarm: Alarm = { base, dueMs, order: made, ring }
      made += 1
      waiting.add(alarm)
      if (!isRinging) rearm()
      return () => {
        waiting.delete(alarm)
      }
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      waiting.clear()
      stopListening()
    },
  }
}
