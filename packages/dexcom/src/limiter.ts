import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@bg-ingest/domain'
import { createFleetLink, type Spacing } from './fleet-link.ts'
import { createGateStore, type FleetView } from './gate-store.ts'
import type { LimiterConnection } from './limiter-connection.ts'
import { createLocalShare } from './local-share.ts'
import { createPause } from './pause.ts'
import { createSlots } from './slots.ts'
import { createTurnstile } from './turnstile.ts'

/** How a region's gate stands, once a second and at each change. */
export interface GateState {
  /**
   * Calls that our share still allows in the present hour: perHour x share, less the calls of the fleet in the present
   * minute and the sixty before it; never below 0. While Redis is away the last known figure less our own calls.
   */
  readonly remaining: number
  readonly pausedSeconds: number
  /** `local` while Redis is away and this process keeps to its share. */
  readonly spacing: Spacing
  /** Processes that share the gate, as last counted. */
  readonly processes: number
}

export interface GateOptions {
  readonly connection: LimiterConnection
  /** The application's region: names the budget in Redis, which all processes share. */
  readonly region: string
  /** Calls per application and hour that Dexcom allows. */
  readonly perHour: number
  /** How much of it we use. */
  readonly share: number
  /** Begins every key in Redis. */
  readonly prefix: string
  /** This process among the others. */
  readonly member: string
  readonly onState?: (state: GateState) => void
  readonly onSpacing?: (spacing: Spacing) => void
}

export interface Gate {
  /**
   * Runs a call when the region's next slot has come, urgent ones (priority 1) first, and no lane for ever last. Throws
   * `upstream_rate_limited` with retryAfterMs while the region pauses for more than 2 s, and `service_unavailable` once
   * stopped; in both cases nothing was sent. An aborted signal ends the wait, not a call under way.
   */
  schedule<T>(priority: number, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T>
  /** Calls of this process that wait for their slot. */
  waiting(): number
  /** Dexcom asked for a pause: no process calls this region for so long. */
  pause(ms: number): void
  /** Refuses what waits, and lets calls under way end. */
  stop(): Promise<void>
}

const HOUR_MS = 3_600_000

/** One region's gate: the fleet's spacing through Redis, the local share without it, and the region's pause. */
export function createGate(options: GateOptions): Gate {
  const { connection, region, perHour, share: used, prefix, member } = options
  const perHourUsed = perHour * used
  const minTimeMs = Math.ceil(HOUR_MS / perHourUsed)
  if (!(minTimeMs > 0 && Number.isFinite(minTimeMs))) throw new RangeError('perHour and share must be above 0')
  const now = () => performance.now()
  const base = `${prefix}gate:${region}`
  const pause = createPause(now)
  const share = createLocalShare({ minTimeMs, now, random: Math.random })
  const store = createGateStore(connection.redis, base, member)
  const slots = createSlots({ connection, id: base, minTimeMs })
  let view: Pick<FleetView, 'calls'> = { calls: 0 }
  let callsSinceView = 0
  let stopped = false

  const tell = () =>
    options.onState?.({
      remaining: Math.max(0, Math.floor(perHourUsed) - view.calls - callsSinceView),
      pausedSeconds: pause.left() / 1000,
      spacing: link.spacing,
      processes: share.processes,
    })
  const link = createFleetLink({
    store,
    share,
    pause,
    onView(seen) {
      view = seen
      callsSinceView = 0
      tell()
    },
    onSpacing(spacing) {
      options.onSpacing?.(spacing)
      tell()
    },
    reconnect: () => connection.redis.disconnect(true),
  })
  connection.redis.on('ready', link.look)

  /** Waits for this process's next slot: the fleet's, or its own where Redis fails. Never rejects. */
  async function nextSlot(): Promise<void> {
    if (link.spacing === 'fleet') {
      try {
        return await slots.next()
      } catch {
        if (stopped) return
        link.lost()
      }
    }
    await delay(share.take(), undefined, { ref: false })
  }

  /** Counts the call that is about to go; answers the milliseconds of a pause that began while it waited, else 0. */
  async function admit(): Promise<number> {
    callsSinceView += 1
    if (link.spacing === 'fleet') {
      try {
        const pausedMs = await store.admit()
        if (pausedMs > 0) {
          pause.extend(pausedMs)
          tell()
        }
        return pausedMs
      } catch {
        link.lost()
      }
    }
    link.uncounted()
    return pause.left()
  }

  const turnstile = createTurnstile({ nextSlot, admit, pausedMs: pause.left })
  tell()
  return {
    async schedule(priority, signal, call) {
      await turnstile.pass(priority, signal)
      return call()
    },
    waiting: turnstile.waiting,
    pause(ms) {
      pause.extend(ms)
      tell()
      // NOTE: what Redis does not take now, it is told with the next beat.
      store.pause(ms).catch(link.lost)
    },
    async stop() {
      stopped = true
      connection.redis.off('ready', link.look)
      turnstile.stop(new AppError('service_unavailable', 'The gate to Dexcom is closed'))
      slots.close()
      await link.stop()
    },
  }
}
