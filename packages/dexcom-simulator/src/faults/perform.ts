import { setTimeout as delay } from 'node:timers/promises'
import type { Delivery } from './delivery.ts'
import type { FaultAction } from './fault-actions.ts'
import type { FaultRule } from './fault-rule.ts'
import { drawLatency } from './latency.ts'
import { oddReply, redirectReply, statusReply, tokenErrorReply } from './replaced-reply.ts'
import {
  bombReply,
  doubledHeadersReply,
  gzippedReply,
  hugeReply,
  reshapedTokens,
  retypedReply,
  truncatedReply,
} from './reshaped-reply.ts'
import { drip, reset, sendHeadersOnly, sendWithWrongLength } from './sent-by-hand.ts'

/** Lets a planned fault happen, or gives the true answer where there is none. */
export async function deliver(rule: FaultRule | null, delivery: Delivery): Promise<void> {
  if (rule?.delayMs) await delay(rule.delayMs, undefined, { signal: delivery.signal })
  if (rule?.dropConnection !== undefined) {
    if (rule.dropConnection === 'after') delivery.answer()
    delivery.response.destroy()
    return
  }
  const action = rule && actionOf(rule)
  return action ? perform(action, delivery) : delivery.send(delivery.answer(), true)
}

function actionOf({ action, status, retryAfter, contentType, body }: FaultRule): FaultAction | null {
  if (action) return action
  if (status === undefined) return null
  return {
    kind: 'status',
    status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(body === undefined ? {} : { body }),
  }
}

async function perform(action: FaultAction, delivery: Delivery): Promise<void> {
  const { exchange, answer, send } = delivery
  switch (action.kind) {
    case 'status':
      return send(statusReply(action, exchange))
    case 'redirect':
      return send(redirectReply(action, exchange))
    case 'token-error':
      return send(tokenErrorReply(action))
    case 'body':
      return send(oddReply(action, exchange))
    case 'token-shape':
      return send(reshapedTokens(action, answer()), true)
    case 'truncated':
      return send(truncatedReply(action, answer()))
    case 'content-type':
      return send(retypedReply(action, answer()))
    case 'duplicate-headers':
      return send(doubledHeadersReply(answer()))
    case 'gzip':
      return send(gzippedReply(answer()), true)
    case 'gzip-bomb':
      return send(bombReply(action, answer()))
    case 'huge':
      return send(hugeReply(action, answer()))
    case 'latency':
      await delay(drawLatency(action, delivery.dice), undefined, { signal: delivery.signal })
      return send(answer(), true)
    case 'wrong-length':
      return sendWithWrongLength(action, delivery)
    case 'drip':
      return drip(action, delivery)
    case 'headers-only':
      return sendHeadersOnly(delivery, answer())
    case 'reset':
      return reset(action, delivery)
    case 'silence':
      if (action.when === 'after') answer()
      return
    default:
      action satisfies never
  }
}
