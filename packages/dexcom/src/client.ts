import type { Instant, ReadingType, Window } from '@bg-ingest/domain'
import { type Alerts, alerts } from './alerts.ts'
import { type CallerOptions, createCaller } from './caller.ts'
import type { DexcomCall } from './data-call.ts'
import { type DataSpan, dataRange } from './data-range.ts'
import { type Devices, devices } from './devices.ts'
import { type Fetched, fetchReadings, readPushed } from './fetch-readings.ts'
import { type Grant, requestToken, type TokenRequest } from './token-call.ts'
import { createTokenStop, type TokenStop } from './token-stop.ts'
import { createTokenTurns } from './token-turns.ts'
import type { Timeouts } from './transport.ts'

export interface DexcomClientOptions extends CallerOptions {
  /** Registered with Dexcom, character for character. */
  readonly redirectUri: string
  readonly timeouts?: { readonly data: Timeouts; readonly token: Timeouts }
}

export interface DexcomClient {
  /** At most 30 days; RangeError beyond. */
  fetchReadings(call: DexcomCall, type: ReadingType, window: Window): Promise<Fetched>
  /** What there is at all, or what is new `since` an instant of the last 30 days. */
  dataRange(call: DexcomCall, since?: Instant): Promise<DataSpan>
  devices(call: DexcomCall): Promise<Devices>
  /** At most 30 days; RangeError beyond. */
  alerts(call: DexcomCall, window: Window): Promise<Alerts>
  /** At most 500 records in the shape of /egvs; RangeError beyond. */
  readPushed(dexcomUserId: string, records: readonly unknown[]): Fetched
  /** `verifier`: of PKCE (RFC 7636), none where the login was asked for without a challenge. */
  exchangeCode(region: string, code: string, verifier?: string | null): Promise<Grant>
  refresh(region: string, refreshToken: string): Promise<Grant>
  /** Whether so many calls of this process wait for a slot that what can wait had better not be asked for now. */
  crowded(region: string): boolean
  /**
   * Runs work that calls `exchangeCode` or `refresh` when fewer than two others of this process do; the call inside needs
   * no second turn. For whoever has to write something down before the call: it then waits before it writes.
   */
  tokenTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** The same client for the n-th attempt of a job: from the second on its calls are paid from the retry budget. */
  asAttempt(attempt: number): DexcomClient
}

/** Milliseconds. Dexcom can take more than 30 s; a token call may take longer, because giving up costs the grant. */
const TIMEOUTS = {
  data: { connect: 5_000, response: 30_000, request: 60_000 },
  token: { connect: 5_000, response: 45_000, request: 45_000 },
} as const

/** At the default budget a slot comes each 75 ms: this many of one process, and of another, are a second of waiting. */
const CROWD = 6

/**
 * Dexcom's API v3 behind one gate. Every error is an AppError with a constant message and without a cause. Nothing is
 * repeated here: retries belong to the job, inside the same budget.
 */
export function createDexcomClient({
  redirectUri,
  timeouts = TIMEOUTS,
  ...options
}: DexcomClientOptions): DexcomClient {
  const caller = createCaller(options)
  const turns = createTokenTurns()
  const stops = new Map(
    options.regions.map(({ name }): [string, TokenStop] => {
      const onStop = (stopped: boolean) => options.watch?.tokenStop?.(name, stopped)
      return [name, createTokenStop({ now: () => performance.now(), onStop })]
    }),
  )

  const token = (request: TokenRequest) => {
    const call = () => requestToken(caller, request)
    return turns.take(() => stops.get(request.region)?.guard(call) ?? call())
  }

  const asAttempt = (attempt: number): DexcomClient => ({
    fetchReadings: (call, type, window) => fetchReadings(caller, { attempt, ...call }, type, window, timeouts.data),
    dataRange: (call, since) => dataRange(caller, { attempt, ...call }, timeouts.data, since),
    devices: (call) => devices(caller, { attempt, ...call }, timeouts.data),
    alerts: (call, window) => alerts(caller, { attempt, ...call }, window, timeouts.data),
    readPushed: (dexcomUserId, records) => readPushed(dexcomUserId, records, options.clock.now()),
    exchangeCode: (region, code, verifier = null) =>
      token({
        kind: 'code',
        region,
        attempt,
        fields: {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          ...(verifier === null ? {} : { code_verifier: verifier }),
        },
        timeouts: timeouts.token,
      }),
    refresh: (region, refreshToken) =>
      token({
        kind: 'refresh',
        region,
        attempt,
        fields: { grant_type: 'refresh_token', refresh_token: refreshToken },
        currentRefreshToken: refreshToken,
        timeouts: timeouts.token,
      }),
    crowded: (region) => options.gates.of(region).waiting() > CROWD,
    tokenTurn: turns.take,
    asAttempt,
  })
  return asAttempt(1)
}
