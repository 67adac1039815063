/**
 * Every code this service answers or logs, with its HTTP status and whether the same call may succeed later.
 * The first block is the outward contract (problem+json); the second never leaves a job.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, retry: 'never', title: 'Invalid request' },
  unauthorized: { status: 401, retry: 'never', title: 'Unauthorized' },
  forbidden: { status: 403, retry: 'never', title: 'Forbidden' },
  not_found: { status: 404, retry: 'never', title: 'Not found' },
  no_readings: { status: 404, retry: 'later', title: 'No readings' },
  method_not_allowed: { status: 405, retry: 'never', title: 'Method not allowed' },
  not_acceptable: { status: 406, retry: 'never', title: 'Not acceptable' },
  not_connected: { status: 409, retry: 'never', title: 'Not connected' },
  payload_too_large: { status: 413, retry: 'never', title: 'Payload too large' },
  unsupported_media_type: { status: 415, retry: 'never', title: 'Unsupported media type' },
  rate_limited: { status: 429, retry: 'later', title: 'Too many requests' },
  service_unavailable: { status: 503, retry: 'later', title: 'Service unavailable' },
  internal_error: { status: 500, retry: 'later', title: 'Internal error' },

  needs_reauth: { status: 409, retry: 'never', title: 'The person has to connect again' },
  authorization_failed: { status: 409, retry: 'never', title: 'Dexcom did not accept the authorization' },
  wrong_account: { status: 409, retry: 'never', title: 'Data of another Dexcom account' },
  token_unreadable: { status: 500, retry: 'later', title: 'Stored tokens cannot be decrypted' },
  upstream_misconfigured: { status: 503, retry: 'later', title: 'Dexcom refuses this application' },
  upstream_unauthorized: { status: 503, retry: 'later', title: 'Dexcom does not accept the access token' },
  upstream_rejected: { status: 503, retry: 'later', title: 'Dexcom refused the request' },
  upstream_not_offered: { status: 503, retry: 'later', title: 'Dexcom does not offer this for the person' },
  upstream_rate_limited: { status: 503, retry: 'later', title: 'Dexcom limits our calls' },
  upstream_unavailable: { status: 503, retry: 'later', title: 'Dexcom cannot be reached' },
  upstream_outcome_unknown: { status: 503, retry: 'later', title: "Dexcom's answer was lost" },
  upstream_invalid: { status: 503, retry: 'later', title: 'Dexcom sent something unreadable' },
  lease_taken: { status: 503, retry: 'later', title: 'Another run holds this person' },
  lease_lost: { status: 503, retry: 'later', title: 'The lease ended before the work' },
} as const satisfies Record<string, { status: number; retry: 'never' | 'later'; title: string }>

export type ErrorCode = keyof typeof ERROR_CODES

export interface FieldError {
  /** JSON Pointer into the body, or the name of a query or path parameter. */
  readonly pointer: string
  readonly detail: string
}

interface AppErrorOptions {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  /** How long to wait before the next try, in milliseconds. */
  readonly retryAfterMs?: number
}

/** The one error type of this service. `message` is safe to log and, below 500, to answer: no token, no value, no body. */
export class AppError extends Error {
  override readonly name: string = 'AppError'
  readonly code: ErrorCode
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfterMs = options.retryAfterMs
  }

  get status(): number {
    return ERROR_CODES[this.code].status
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retry === 'later'
  }

  /** Turns anything thrown into an AppError, so that callers switch on `code` and nothing else. */
  static from(err: unknown): AppError {
    return err instanceof AppError ? err : new AppError('internal_error', 'Unexpected error', { cause: err })
  }
}
