import type { Observer } from '@bg-ingest/ingest'
import type { Logger } from '@bg-ingest/telemetry'

/** One line a minute wakes an operator; a thousand people refused in that minute are one cause. */
const AGAIN_AFTER_MS = 60_000

/** Says loudly what only an operator can mend: Dexcom refuses this application, so nobody's tokens are renewed. */
export function alarming(observer: Observer, logger: Pick<Logger, 'error'>, monotonic: () => number): Observer {
  let silentUntil = Number.NEGATIVE_INFINITY
  return {
    ...observer,
    tokenRefresh(outcome) {
      observer.tokenRefresh(outcome)
      if (outcome !== 'misconfigured' || monotonic() < silentUntil) return
      silentUntil = monotonic() + AGAIN_AFTER_MS
      logger.error('Dexcom refuses this application: check client id and secret; nobody is unlinked', { outcome })
    },
  }
}
