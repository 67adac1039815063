// Written by `pnpm --filter @bg-ingest/client generate` from docs/openapi.json; do not edit.

export interface LatestReading {
  readonly id: string
  readonly userId: string
  /** Dexcom's systemTime, UTC */
  readonly timestamp: string
  /** What the device showed, with its offset where Dexcom sent one */
  readonly localTime: string | null
  /** In `unit` */
  readonly glucose: number
  readonly unit: 'mg/dL' | 'mmol/L'
  /** low: below 40 mg/dL, high: above 400 mg/dL */
  readonly bound: 'low' | 'high' | null
  readonly trend:
    | 'none'
    | 'unknown'
    | 'doubleUp'
    | 'singleUp'
    | 'fortyFiveUp'
    | 'flat'
    | 'fortyFiveDown'
    | 'singleDown'
    | 'doubleDown'
    | 'notComputable'
    | 'rateOutOfRange'
    | null
  /** `unit` per minute */
  readonly trendRate: number | null
  readonly type: 'cgm' | 'calibration' | 'manual'
  readonly device: {
    readonly transmitterId: string | null
    readonly generation: string | null
    readonly display: string | null
    readonly app: string | null
  }
  /** Number of the last change of this reading, per user */
  readonly sequence: number
  /** 1 when created, one more with each change of content */
  readonly revision: number
  /** When this revision was stored */
  readonly receivedAt: string
  readonly freshness: Freshness
}

export interface Freshness {
  readonly state: 'current' | 'stale' | 'needs_reauth' | 'disconnected'
  readonly ageSeconds: number
  readonly vendorDelaySeconds: number
  readonly expectedNextAt: string | null
}

export interface ReadingPage {
  readonly userId: string
  readonly from: string
  readonly to: string
  readonly unit: 'mg/dL' | 'mmol/L'
  readonly readings: readonly Reading[]
  readonly next: string | null
  readonly completeThrough: string | null
}

export interface Reading {
  readonly id: string
  readonly userId: string
  /** Dexcom's systemTime, UTC */
  readonly timestamp: string
  /** What the device showed, with its offset where Dexcom sent one */
  readonly localTime: string | null
  /** In `unit` */
  readonly glucose: number
  readonly unit: 'mg/dL' | 'mmol/L'
  /** low: below 40 mg/dL, high: above 400 mg/dL */
  readonly bound: 'low' | 'high' | null
  readonly trend:
    | 'none'
    | 'unknown'
    | 'doubleUp'
    | 'singleUp'
    | 'fortyFiveUp'
    | 'flat'
    | 'fortyFiveDown'
    | 'singleDown'
    | 'doubleDown'
    | 'notComputable'
    | 'rateOutOfRange'
    | null
  /** `unit` per minute */
  readonly trendRate: number | null
  readonly type: 'cgm' | 'calibration' | 'manual'
  readonly device: {
    readonly transmitterId: string | null
    readonly generation: string | null
    readonly display: string | null
    readonly app: string | null
  }
  /** Number of the last change of this reading, per user */
  readonly sequence: number
  /** 1 when created, one more with each change of content */
  readonly revision: number
  /** When this revision was stored */
  readonly receivedAt: string
}

export interface ChangePage {
  readonly userId: string
  readonly after: number
  /** Where the next call starts: send it as `after` */
  readonly through: number
  readonly latestSequence: number
  readonly more: boolean
  readonly changes: readonly Change[]
}

export interface Change {
  readonly sequence: number
  readonly kind: 'created' | 'updated' | 'deleted'
  readonly reading: Reading
}

export interface SyncStatus {
  readonly jobId: string
  readonly userId: string
  readonly status: 'queued' | 'active' | 'completed' | 'failed'
  readonly trigger: 'manual' | 'webhook' | 'poll' | 'history'
  readonly attached: boolean
  readonly result: {
    readonly from: string
    readonly to: string
    readonly fetched: number
    readonly stored: number
    readonly updated: number
    readonly unchanged: number
    readonly rejected: number
    readonly durationMs: number
  } | null
  readonly error: {
    readonly code: string
    readonly detail: string
  } | null
}

export interface Connection {
  readonly userId: string
  readonly status: 'connected' | 'needs_reauth' | 'disconnected'
  readonly region: string | null
  readonly connectedAt: string | null
  readonly lastAttemptAt: string | null
  readonly lastSuccessAt: string | null
  readonly latestReadingAt: string | null
  readonly nextPollAt: string | null
  readonly pollIntervalSeconds: number
  readonly paused: boolean
  readonly history: {
    readonly state: 'none' | 'running' | 'complete' | 'failed'
    readonly from: string | null
    readonly through: string | null
    readonly percent: number
    readonly readings: number
  }
  readonly problem: {
    readonly code: string
    readonly detail: string
  } | null
}

export interface Authorization {
  readonly authorizationUrl: string
  readonly expiresAt: string
}

export interface DisconnectAccepted {
  readonly jobId: string
  readonly userId: string
  readonly status: 'queued'
}

/** RFC 9457. Switch on `code`; `errors` comes with 400 alone. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code:
    | 'invalid_request'
    | 'unauthorized'
    | 'forbidden'
    | 'not_found'
    | 'no_readings'
    | 'method_not_allowed'
    | 'not_acceptable'
    | 'not_connected'
    | 'payload_too_large'
    | 'unsupported_media_type'
    | 'rate_limited'
    | 'service_unavailable'
    | 'internal_error'
  readonly requestId: string
  readonly errors?: readonly {
    readonly pointer: string
    readonly detail: string
  }[]
}

export interface ListReadingsQuery {
  /** Where the span begins; by default 24 hours before `to` */
  readonly from?: string
  /** Where it ends, itself not in it; by default now */
  readonly to?: string
  /** The same as `from` */
  readonly startDate?: string
  /** The same as `to` */
  readonly endDate?: string
  /** Readings of a page; `all` with CSV and NDJSON alone */
  readonly limit?: number | 'all'
  /** `desc`, newest first, is the default; with a cursor, its own */
  readonly order?: 'asc' | 'desc'
  /** Several by repeating it; by default all */
  readonly type?: readonly ('cgm' | 'calibration' | 'manual')[]
  readonly unit?: 'mg/dL' | 'mmol/L'
  /** `next` of the page before */
  readonly cursor?: string
}

export interface CreateConnectionBody {
  readonly region?: string
  readonly returnTo?: string
}

export interface PatchConnectionBody {
  /** In production at least 60, or the service's own interval where that is shorter */
  readonly pollIntervalSeconds?: number
  readonly paused?: boolean
}
