import { AppError } from '@bg-ingest/domain'

interface TokenStopOptions {
  /** Milliseconds that never jump. */
  readonly now: () => number
  /** Told once when the stop begins, and once when it ends. */
  readonly onStop: (stopped: boolean) => void
}

export interface TokenStop {
  /** Runs a token call, unless Dexcom refuses this application: then throws `upstream_misconfigured` with retryAfterMs. */
  guard<T>(call: () => Promise<T>): Promise<T>
}

const STOP_MS = 300_000
/** A probe is under way; it ends within the time of a token call. */
const PROBING_MS = 45_000

/**
 * invalid_client is our own mistake and the same for everybody (dexcom-api.md 2.5): the region's token calls of this
 * process stop for five minutes, then one asks again. Nobody's connection is touched.
 */
export function createTokenStop({ now, onStop }: TokenStopOptions): TokenStop {
  let stoppedUntil: number | null = null
  let probing = false

  /** True where this call is the one that asks again. */
  function enter(): boolean {
    if (stoppedUntil === null) return false
    const leftMs = probing ? PROBING_MS : stoppedUntil - now()
    if (leftMs > 0) throw misconfigured(leftMs)
    probing = true
    return true
  }

  function end(isProbe: boolean, err: unknown): void {
    if (isProbe) probing = false
    if (isMisconfigured(err)) {
      if (stoppedUntil === null) onStop(true)
      stoppedUntil = now() + STOP_MS
    } else if (isProbe && knowsUs(err)) {
      stoppedUntil = null
      onStop(false)
    }
  }

  return {
    async guard(call) {
      const isProbe = enter()
      try {
        const grant = await call()
        end(isProbe, null)
        return grant
      } catch (err) {
        end(isProbe, err)
        throw isMisconfigured(err) ? misconfigured(STOP_MS) : err
      }
    },
  }
}

const misconfigured = (ms: number) =>
  new AppError('upstream_misconfigured', 'Dexcom refuses this application', { retryAfterMs: Math.ceil(ms) })

const isMisconfigured = (err: unknown) => err instanceof AppError && err.code === 'upstream_misconfigured'

/** Whether Dexcom's answer shows that it accepted who we are: a grant, or a decision on the grant itself. */
const knowsUs = (err: unknown) =>
  err === null || (err instanceof AppError && (err.code === 'needs_reauth' || err.code === 'authorization_failed'))
