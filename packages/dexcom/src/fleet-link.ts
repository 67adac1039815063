import type { FleetView, GateStore } from './gate-store.ts'
import type { LocalShare } from './local-share.ts'
import type { Pause } from './pause.ts'

/** Who spaces the calls: all processes together through Redis, or this one by its share. */
export type Spacing = 'fleet' | 'local'

interface LinkOptions {
  readonly store: GateStore
  readonly share: LocalShare
  readonly pause: Pause
  readonly onView: (view: FleetView) => void
  readonly onSpacing: (spacing: Spacing) => void
  /** Called where Redis has been silent for long although the connection looks alive. */
  readonly reconnect: () => void
}

export interface FleetLink {
  readonly spacing: Spacing
  /** Redis failed this process. */
  lost(): void
  /** A call was made that Redis could not count. */
  uncounted(): void
  /** Looks at once whether Redis is there. */
  look(): void
  stop(): Promise<void>
}

const BEAT_MS = 1_000
/** A connection through which nothing came back for so many beats is dead, whatever TCP says. */
const DEAF_BEATS = 10

/** Keeps a process in touch with its fleet: a sign of life each second, and by its answer the way back to the shared spacing. */
export function createFleetLink({ store, share, pause, onView, onSpacing, reconnect }: LinkOptions): FleetLink {
  let spacing: Spacing = 'fleet'
  let uncounted = 0
  let silentBeats = 0

  function become(next: Spacing): void {
    if (spacing === next) return
    spacing = next
    if (next === 'local') share.begin()
    onSpacing(next)
  }

  async function beat(): Promise<void> {
    const reported = uncounted
    const view = await store.beat({ pausedMs: pause.left(), uncounted: reported })
    uncounted -= reported
    silentBeats = 0
    share.seen(view.processes)
    if (view.pausedMs > 0) pause.extend(view.pausedMs)
    become('fleet')
    onView(view)
  }

  function failed(): void {
    become('local')
    silentBeats += 1
    if (silentBeats % DEAF_BEATS === 0) reconnect()
  }

  let beating: Promise<void> | null = null
  const tick = () => {
    beating ??= beat()
      .catch(failed)
      .finally(() => {
        beating = null
      })
  }
  const timer = setInterval(tick, BEAT_MS)
  timer.unref()
  return {
    get spacing() {
      return spacing
    },
    lost: () => become('local'),
    look: tick,
    uncounted() {
      uncounted += 1
    },
    async stop() {
      clearInterval(timer)
      await beating
      await store.leave().catch(() => undefined)
    },
  }
}
