import { createHmac } from 'node:crypto'
import { safeEqual } from './random-token.ts'

/** What a sender sent, as it came over the wire. */
export interface SignedDelivery {
  readonly id: string | undefined
  readonly timestamp: string | undefined
  /** Space-separated `v1,<base64>`: one for each secret that the sender knows. */
  readonly signature: string | undefined
  /** The bytes of the body, before anybody parsed them. */
  readonly body: Uint8Array
}

/** Standard Webhooks: how far the sender's clock may be off, or a captured delivery be replayed. Exactly 300 s passes. */
const WINDOW_SECONDS = 300
/** Visible ASCII, as every sender makes it; it becomes part of a key in Redis. */
const DELIVERY_ID = /^[\x21-\x7e]{1,256}$/
const UNIX_SECONDS = /^[1-9]\d{0,11}$/
/** Two secrets in rotation make two signatures; a list of a thousand only makes us work. */
const MOST_SIGNATURES = 10
const VERSION = 'v1,'

/** Whether a delivery is authentic and fresh (Standard Webhooks: HMAC-SHA256 of id.timestamp.body). Says nothing of why not. */
export function isAuthentic(
  { id, timestamp, signature, body }: SignedDelivery,
  secrets: readonly Uint8Array[],
  nowMs: number,
): boolean {
  if (!id || !timestamp || !signature || !DELIVERY_ID.test(id) || !isFresh(timestamp, nowMs)) return false
  const given = signature.split(' ').filter((entry) => entry.startsWith(VERSION))
  if (given.length > MOST_SIGNATURES) return false
  const expected = secrets.map((secret) => VERSION + sign(secret, id, timestamp, body))
  // Every pair is compared, so that the time taken does not tell which secret or which place in the list was right.
  return expected.flatMap((one) => given.map((other) => safeEqual(one, other))).includes(true)
}

const isFresh = (timestamp: string, nowMs: number): boolean =>
  UNIX_SECONDS.test(timestamp) && Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) <= WINDOW_SECONDS

const sign = (secret: Uint8Array, id: string, timestamp: string, body: Uint8Array): string =>
  createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64')

/** The signature header of a delivery, for senders of our own: the simulator and tests. */
export const signDelivery = (secret: Uint8Array, id: string, timestamp: string, body: Uint8Array): string =>
  VERSION + sign(secret, id, timestamp, body)
