import type { Alarms } from '../alarms.ts'
import { deliveryHeaders, type PushDelivery } from './delivery-request.ts'
import type { Issuer } from './issuer.ts'
import type { PushOptions } from './push-options.ts'

/** One attempt to deliver, as the tester sees it. */
export interface PushAttempt {
  readonly webhookId: string
  readonly user: string
  readonly url: string
  readonly records: number
  /** 1 for the first. */
  readonly attempt: number
  /** Real time, RFC 3339. */
  readonly at: string
  /** Null where no answer came. */
  readonly status: number | null
}

export interface Courier {
  /** Makes the first attempt; later ones follow by themselves. Resolves once the first has ended, however it ended. */
  readonly deliver: (delivery: PushDelivery, options: PushOptions) => Promise<void>
  readonly attempts: () => readonly PushAttempt[]
  readonly clear: () => void
}

interface CourierInput {
  readonly issuer: Issuer
  readonly alarms: Alarms
  readonly signal: AbortSignal
}

/** The newest attempts that are remembered. */
const CAPACITY = 10_000
const TOO_MANY_REQUESTS = 429

export function createCourier({ issuer, alarms, signal }: CourierInput): Courier {
  let attempts: PushAttempt[] = []

  async function post(delivery: PushDelivery, options: PushOptions): Promise<number | null> {
    try {
      const response = await fetch(delivery.url, {
        method: 'POST',
        headers: deliveryHeaders(delivery, options, issuer),
        body: delivery.body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
      })
      await response.body?.cancel()
      return response.status
    } catch {
      // No answer in time, or no connection at all: what a sender repeats.
      return null
    }
  }

  async function attempt(delivery: PushDelivery, options: PushOptions, ordinal: number): Promise<void> {
    const at = new Date().toISOString()
    const status = await post(delivery, options)
    const { webhookId, user, url, records } = delivery
    attempts.push({ webhookId, user, url, records, attempt: ordinal, at, status })
    if (attempts.length > 2 * CAPACITY) attempts = attempts.slice(-CAPACITY)
    const isOver = status !== null && status < 500 && status !== TOO_MANY_REQUESTS
    const waitMs = options.retriesMs[ordinal - 1]
    if (isOver || waitMs === undefined || signal.aborted) return
    // An attempt settles for itself and never rejects.
    const again = () => void attempt(delivery, options, ordinal + 1)
    alarms.at('real', alarms.now('real') + waitMs * options.retryScale, again)
  }

  return {
    deliver: (delivery, options) => {
      if (options.delayMs === 0) return attempt(delivery, options, 1)
      return new Promise((resolve) => {
        const later = () => void attempt(delivery, options, 1).then(resolve)
        alarms.at('real', alarms.now('real') + options.delayMs, later)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    },
    attempts: () => attempts.slice(-CAPACITY),
    clear: () => {
      attempts = []
    },
  }
}
