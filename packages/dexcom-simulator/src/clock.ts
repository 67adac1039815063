export interface VirtualClock {
  /** Where the clock stood when it was made, epoch milliseconds: the depth of history counts back from here. */
  readonly startMs: number
  readonly now: () => number
  readonly speed: () => number
  readonly setSpeed: (speed: number) => void
  readonly advance: (ms: number) => void
  readonly set: (epochMs: number) => void
  /** Calls back after each change of time or speed that was not the passing of time; returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void
}

interface ClockOptions {
  readonly startMs?: number
  /** Virtual milliseconds per real one. */
  readonly speed?: number
  readonly realNow?: () => number
}

/** The time that readings live in. Without options it is the real time. Tokens do not follow it (see grants.ts). */
export function createVirtualClock({
  startMs,
  speed: firstSpeed = 1,
  realNow = Date.now,
}: ClockOptions = {}): VirtualClock {
  let realAnchor = realNow()
  let virtualAnchor = startMs ?? realAnchor
  let speed = firstSpeed
  const start = virtualAnchor

  const now = () => Math.floor(virtualAnchor + (realNow() - realAnchor) * speed)
  const listeners = new Set<() => void>()
  const anchorAt = (epochMs: number) => {
    virtualAnchor = epochMs
    realAnchor = realNow()
  }
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  return {
    startMs: start,
    now,
    speed: () => speed,
    setSpeed: (next) => {
      anchorAt(now())
      speed = next
      tell()
    },
    advance: (ms) => {
      anchorAt(now() + ms)
      tell()
    },
    set: (epochMs) => {
      anchorAt(epochMs)
      tell()
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
