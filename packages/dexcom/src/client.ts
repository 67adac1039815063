import type { Instant, ReadingType, Window } from '@bg-ingest/domain'
import { type Alerts, alerts } from './alerts.ts'
import { type CallerOptions, createCaller } from './caller.ts'
import type { DexcomCall } from './data-call.ts'
import { type DataSpan, dataRange } from './data-range.ts'
import { type Devices, devices } from './devices.ts'
import { type Fetched, fetchReadings, readPushed } from './fetch-readings.ts'
import { type Grant, requestToken } from './token-call.ts'
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
  exchangeCode(region: string, code: string): Promise<Grant>
  refresh(region: string, refreshToken: string): Promise<Grant>
}

/** Milliseconds. Dexcom can take more than 30 s; a token call may take longer, because giving up costs the grant. */
const TIMEOUTS = {
  data: { connect: 5_000, response: 30_000, request: 60_000 },
  token: { connect: 5_000, response: 45_000, request: 45_000 },
} as const

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
  return {
    fetchReadings: (call, type, window) => fetchReadings(caller, call, type, window, timeouts.data),
    dataRange: (call, since) => dataRange(caller, call, timeouts.data, since),
    devices: (call) => devices(caller, call, timeouts.data),
    alerts: (call, window) => alerts(caller, call, window, timeouts.data),
    readPushed: (dexcomUserId, records) => readPushed(dexcomUserId, records, options.clock.now()),
    exchangeCode: (region, code) =>
      requestToken(caller, {
        kind: 'code',
        region,
        fields: { grant_type: 'authorization_code', code, redirect_uri: redirectUri },
        timeouts: timeouts.token,
      }),
    refresh: (region, refreshToken) =>
      requestToken(caller, {
        kind: 'refresh',
        region,
        fields: { grant_type: 'refresh_token', refresh_token: refreshToken },
        currentRefreshToken: refreshToken,
        timeouts: timeouts.token,
      }),
  }
}
