import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import * as z from 'zod'
import { DEFAULT_PREFIX } from './queues.ts'
import { orUnavailable } from './unavailable.ts'

const Value = z.record(z.string(), z.string().nullable())
export type TicketValue = z.output<typeof Value>

/** `start`: our one-time URL for the person's browser; `state`: OAuth's state, from redirect to callback. */
export type TicketKind = 'start' | 'state'

export interface Tickets {
  /** Keeps `value` for `ttlMs` under a secret that only its bearer knows: Redis holds the hash of it. */
  put(kind: TicketKind, token: string, value: TicketValue, ttlMs: number): Promise<void>
  /** Takes the value out, once: null for an unknown, expired or used token. */
  take(kind: TicketKind, token: string): Promise<TicketValue | null>
}

/** One-time secrets. Both calls throw AppError `service_unavailable` while Redis is away. */
export function createTickets(redis: Redis, { prefix = DEFAULT_PREFIX }: { readonly prefix?: string } = {}): Tickets {
  const keyOf = (kind: TicketKind, token: string) =>
    `${prefix}:ticket:${kind}:${createHash('sha256').update(token).digest('base64url')}`
  return {
    async put(kind, token, value, ttlMs) {
      await orUnavailable(() => redis.set(keyOf(kind, token), JSON.stringify(Value.parse(value)), 'PX', ttlMs))
    },
    async take(kind, token) {
      const json = await orUnavailable(() => redis.getdel(keyOf(kind, token)))
      return json === null ? null : Value.parse(JSON.parse(json))
    },
  }
}
