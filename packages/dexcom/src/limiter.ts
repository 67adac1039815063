import { AppError } from '@bg-ingest/domain'
import Bottleneck from 'bottleneck'
import type { Redis } from 'ioredis'
import { cancelled } from './refusal.ts'
import { createSlots } from './slots.ts'

export interface GateOptions {
  /** Its own client, failing fast (no offline queue, a commandTimeout). Stays the caller's: `stop` does not close it. */
  readonly redis: Redis
  /** Calls per application and hour that Dexcom allows. */
  readonly perHour: number
  /** How much of it we use; the rest is room for clocks and for whoever shares the application. */
  readonly share?: number
  /** Names the budget in Redis: gates of one id share it, over all processes. */
  readonly id: string
}

export interface Gate {
  /**
   * Runs a call when the fleet's next slot has come, urgent ones (priority 1) first. Throws `service_unavailable` where
   * Redis is away: without the shared count no call is made. An aborted signal ends the wait, not a call under way.
   */
  schedule<T>(priority: number, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T>
  /** Refuses what waits, and lets calls under way end. */
  stop(): Promise<void>
}

const HOUR_MS = 3_600_000
const DEFAULT_SHARE = 0.8

/**
 * The one gate before Dexcom. With minTime alone Bottleneck hands out slots in the order of asking, far ahead; so each
 * process asks for one slot at a time, and a queue of its own, by priority, decides who goes through it.
 */
export function createGate({ redis, perHour, share = DEFAULT_SHARE, id }: GateOptions): Gate {
  const minTimeMs = Math.ceil(HOUR_MS / (perHour * share))
  if (!(minTimeMs > 0 && Number.isFinite(minTimeMs))) throw new RangeError('perHour and share must be above 0')
  const slots = createSlots({ redis, id, minTimeMs })
  const turnstile = new Bottleneck({ maxConcurrent: 1 })

  async function pass(priority: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await turnstile.schedule({ priority: lane(priority) }, async () => {
        if (!signal?.aborted) await slots.next()
      })
    } catch (err) {
      throw err instanceof AppError ? err : new AppError('service_unavailable', 'The gate to Dexcom is closed')
    }
  }

  return {
    async schedule(priority, signal, call) {
      await (signal ? unlessAborted(pass(priority, signal), signal) : pass(priority, signal))
      return call()
    },
    async stop() {
      slots.close()
      await turnstile.stop({ dropWaitingJobs: true }).catch(() => undefined)
    },
  }
}

/** Queue priorities (manual 1, webhook 2, poll 10, history 100) -> Bottleneck's ten lanes, 0 first. */
function lane(priority: number): number {
  if (priority <= 2) return Math.max(0, priority - 1)
  return priority <= 10 ? 5 : 9
}

async function unlessAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(cancelled(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    await Promise.race([waiting, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    waiting.catch(() => undefined)
  }
}
