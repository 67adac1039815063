/** How long a person has to open the address, and then to allow access at Dexcom. */
export const TICKET_TTL_MS = 10 * 60_000

type Ticket = Readonly<Record<string, string | null>>

/** One-time secrets in Redis, stored under their hash; taking one removes it. */
export interface TicketStore {
  put(kind: 'start' | 'state', token: string, value: Ticket, ttlMs: number): Promise<void>
  take(kind: 'start' | 'state', token: string): Promise<Ticket | null>
}

export const startPath = (ticket: string): string => `/oauth/start/${ticket}`

/** 256 random bits in base64url: what newToken makes, and the only shape that is looked up. */
export const TOKEN_SHAPE = /^[A-Za-z0-9_-]{43}$/
