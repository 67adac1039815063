import { randomUUID } from 'node:crypto'
import { signDelivery } from '@bg-ingest/security'
import { type Answer, call, tokenOf } from './e2e-client.ts'

export interface DeliveryOptions {
  readonly id?: string
  /** Seconds by which the sender's clock is ahead. */
  readonly ahead?: number
  readonly secret?: Uint8Array
  readonly scopes?: readonly string[]
}

/** A sender of webhooks, as the service's variables describe it. */
export function webhookSender(apiUrl: string, variables: Readonly<Record<string, string>>) {
  const [configured = ''] = (variables['WEBHOOK_SECRETS'] ?? '').split(',')
  const ours = Buffer.from(configured.slice('whsec_'.length), 'base64')
  return async (userId: string, body: unknown, options: DeliveryOptions = {}): Promise<Answer> => {
    const { id = randomUUID(), ahead = 0, secret = ours, scopes = ['bg:webhook'] } = options
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const timestamp = String(Math.floor(Date.now() / 1000) + ahead)
    return call(`${apiUrl}/api/bg/${encodeURIComponent(userId)}/webhook`, 'POST', {
      token: await tokenOf(variables['JWT_SECRET'] ?? '', 'relay', { scopes, audience: 'bg-ingest-webhook' }),
      headers: {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signDelivery(secret, id, timestamp, Buffer.from(text)),
      },
      body: text,
    })
  }
}
