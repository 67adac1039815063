import type { ConnectionStatus, Instant, UserId } from '@bg-ingest/domain'

/** Both tokens of a grant, encrypted; `presentations` counts uses of this refresh token whose outcome is not known. */
export interface SealedTokens {
  readonly access: string
  readonly refresh: string
  readonly expiresAt: Instant
  /** From here on the access token is renewed before it is used. */
  readonly refreshAt: Instant
  readonly version: number
  readonly presentedAt: Instant | null
  readonly presentations: number
  /** While the outcome of the last use is open: nobody presents the refresh token before this instant. */
  readonly presentAgainAt: Instant | null
  /** New with every write of the tokens. Who writes a connection names the stamp it read, and fails over another one. */
  readonly stamp: string
}

/** Calls refused with 401 although their token was fresh; the next try waits until `retryNotBefore`. */
export interface Refusals {
  readonly count: number
  readonly retryNotBefore: Instant
}

/** An event that waits for the broker; written with the change it tells, removed once confirmed. */
export interface Notice {
  /** Of a failed sync the id of its job. */
  readonly id: string
  readonly routingKey: 'connection.connected' | 'connection.needs_reauth' | 'connection.disconnected' | 'sync.failed'
  readonly region: string
  readonly at: Instant
  /** Of a failed sync its code. */
  readonly reason: string | null
}

export interface Connection {
  readonly userId: UserId
  readonly status: ConnectionStatus
  readonly region: string
  readonly connectedAt: Instant | null
  /** Dexcom's pseudonym of the account; null until its first answer. Tells a reconnect with another account. */
  readonly dexcomUserId: string | null
  /** The person's own interval; null for the service's default. */
  readonly pollIntervalSeconds: number | null
  readonly paused: boolean
  /** Since when nobody syncs this person by themselves, because their job ended its process again and again. */
  readonly parkedAt?: Instant | null | undefined
  readonly problem: { readonly code: string; readonly detail: string } | null
  readonly tokens: SealedTokens | null
  readonly refusals: Refusals | null
  /** Hash of the sealed code that led here: a job delivered twice finds that it has exchanged it already. */
  readonly codeId: string | null
  readonly notices: readonly Notice[]
}
