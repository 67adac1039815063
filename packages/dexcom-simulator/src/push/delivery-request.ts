import { createHmac, hash } from 'node:crypto'
import type { Issuer } from './issuer.ts'
import type { PushOptions } from './push-options.ts'

/** One delivery; its id and body stay the same over all attempts. */
export interface PushDelivery {
  readonly webhookId: string
  readonly user: string
  readonly url: string
  readonly body: string
  readonly records: number
}

const STALE_BY_SECONDS = 3600
const FOREIGN_USER_ID = hash('sha256', 'a person of another application')

/** The body of a delivery: Dexcom's wrapper, or a thin notice. */
export function deliveryBody(options: PushOptions, dexcomUserId: string, records: readonly unknown[]): string {
  const userId = options.modes.includes('foreign-user') ? FOREIGN_USER_ID : dexcomUserId
  const padding = options.modes.includes('huge-body') ? { padding: 'x'.repeat(options.hugeBytes) } : {}
  return options.body === 'notice'
    ? JSON.stringify({ type: 'data.available', ...padding })
    : JSON.stringify({ recordType: 'egv', recordVersion: '3.0', userId, records, ...padding })
}

/** Headers of one attempt: token and timestamp are of now, unless a mode wants them wrong. */
export function deliveryHeaders(
  { webhookId, body }: Pick<PushDelivery, 'webhookId' | 'body'>,
  options: PushOptions,
  issuer: Issuer,
): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(options.token === null ? {} : { authorization: `Bearer ${tokenOf(options.token, options, issuer)}` }),
    ...(options.secret === undefined ? {} : signatureHeaders(webhookId, body, options.secret, options)),
  }
}

function tokenOf(token: NonNullable<PushOptions['token']>, { modes }: PushOptions, issuer: Issuer): string {
  return issuer.token(token, {
    isExpired: modes.includes('expired-token'),
    ...(modes.includes('wrong-audience') ? { audience: 'somebody-else' } : {}),
  })
}

/** Standard Webhooks: HMAC-SHA256 over id, timestamp and raw body. */
function signatureHeaders(webhookId: string, body: string, secret: string, { modes }: PushOptions) {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const timestamp = String(modes.includes('stale-timestamp') ? nowSeconds - STALE_BY_SECONDS : nowSeconds)
  const signed = modes.includes('bad-signature') ? `${body} ` : body
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${webhookId}.${timestamp}.${signed}`).digest('base64')
  return { 'webhook-id': webhookId, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
