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

/** The secret that the service's variables name first. */
const secretOf = (variables: Readonly<Record<string, string>>): Uint8Array => {
  const [configured = ''] = (variables.WEBHOOK_SECRETS ?? '').split(',')
  return Buffer.from(configured.slice('whsec_'.length), 'base64')
}

/** The headers that prove a body to come from a sender that the service knows. */
export function proofsOf(
  variables: Readonly<Record<string, string>>,
  body: string,
  { id = randomUUID(), ahead = 0, secret = secretOf(variables) }: DeliveryOptions = {},
) {
  const timestamp = String(Math.floor(Date.now() / 1000) + ahead)
  const signature = signDelivery(secret, id, timestamp, Buffer.from(body))
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
}

/** A sender of webhooks, as the service's variables describe it. */
export function webhookSender(apiUrl: string, variables: Readonly<Record<string, string>>) {
  return async (userId: string, body: unknown, options: DeliveryOptions = {}): Promise<Answer> => {
    const { scopes = ['bg:webhook'] } = options
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return call(`${apiUrl}/api/bg/${encodeURIComponent(userId)}/webhook`, 'POST', {
      token: await tokenOf(variables.JWT_SECRET ?? '', 'relay', { scopes, audience: 'bg-ingest-webhook' }),
      headers: proofsOf(variables, text, options),
      body: text,
    })
  }
}
