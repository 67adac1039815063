import { setTimeout as delay } from 'node:timers/promises'
import type { AppError } from '@bg-ingest/domain'
import { createLanes } from './lanes.ts'
import { cancelled, paused } from './refusal.ts'

interface TurnstileOptions {
  /** Resolves when this process may make its next call. */
  readonly nextSlot: () => Promise<void>
  /** Counts the call; answers the milliseconds of a pause, and 0 where it may go. */
  readonly admit: () => Promise<number>
  readonly pausedMs: () => number
}

export interface Turnstile {
  /** Resolves when it is this call's turn. Throws AppError; then nothing may be sent. */
  pass(priority: number, signal: AbortSignal | undefined): Promise<void>
  /** Calls of this process that wait for their slot. */
  waiting(): number
  stop(reason: AppError): void
}

interface Waiter {
  readonly go: () => void
  readonly refuse: (reason: AppError) => void
}

/** A pause this short is waited out; for a longer one the job gives its place in the worker back. */
const SHORT_PAUSE_MS = 2_000

/**
 * Lets the calls of this process through, one at each slot. It asks for one slot at a time, because the fleet's slots go in
 * the order of asking, and decides who goes only when the slot has come: an urgent call never waits behind one slot taken
 * for another.
 */
export function createTurnstile({ nextSlot, admit, pausedMs }: TurnstileOptions): Turnstile {
  const lanes = createLanes<Waiter>()
  let closed: AppError | null = null
  let pumping = false

  function refuseAll(reason: AppError): void {
    for (const waiter of lanes.drain()) waiter.refuse(reason)
  }

  /** True where a pause was met; long ones have emptied the lanes. */
  async function metPause(): Promise<boolean> {
    const leftMs = pausedMs()
    if (leftMs > SHORT_PAUSE_MS) refuseAll(paused(leftMs))
    else if (leftMs > 0) await delay(leftMs)
    return leftMs > 0
  }

  async function letOneThrough(): Promise<void> {
    await nextSlot()
    // NOTE: who waited may be gone; then the slot is nobody's, and no call is counted.
    if (lanes.size === 0 || (await metPause())) return
    if ((await admit()) === 0) lanes.next()?.go()
  }

  async function pump(): Promise<void> {
    if (pumping) return
    pumping = true
    while (lanes.size > 0) if (!(await metPause())) await letOneThrough()
    pumping = false
  }

  return {
    async pass(priority, signal) {
      if (closed) throw closed
      if (signal?.aborted) throw cancelled(signal)
      if (pausedMs() > SHORT_PAUSE_MS) throw paused(pausedMs())
      const turn = Promise.withResolvers<void>()
      const waiter = { go: turn.resolve, refuse: turn.reject }
      lanes.add(priority, waiter)
      const onAbort = () => {
        if (signal && lanes.remove(waiter)) turn.reject(cancelled(signal))
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      void pump()
      try {
        await turn.promise
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
    },
    waiting: () => lanes.size,
    stop(reason) {
      closed = reason
      refuseAll(reason)
    },
  }
}
