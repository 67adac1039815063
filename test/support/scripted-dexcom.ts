import { AppError, epochMs, type Measurement, type ReadingType, readingKey, type Window } from '@bg-ingest/domain'
import type { Dexcom, DexcomCall, Grant } from '@bg-ingest/ingest'

type Method = keyof Dexcom
interface Asked {
  readonly method: Method
  readonly type?: ReadingType
  readonly window?: Window
  readonly priority?: number
  /** The refresh token or code that was presented. */
  readonly presented?: string
}

/** Dexcom as the flows' port sees it: records by time, rotating tokens that work once, and errors on demand. */
export interface ScriptedDexcom extends Dexcom {
  readonly asked: Asked[]
  readonly count: (method: Method) => number
  /** Adds records; one with the key of an earlier one replaces it. */
  add(...measurements: readonly Measurement[]): void
  readonly records: () => readonly Measurement[]
  /** From now on the account behind every token is this one. */
  belongTo(dexcomUserId: string): void
  rejectPerPage(count: number): void
  /** The next call of a method fails before Dexcom does anything. */
  failNext(method: Method, error: AppError): void
  /** The person has not consented to records of this type. */
  doNotOffer(type: ReadingType): void
  /** So many wait for a slot that what can wait is not asked for. */
  beCrowded(now: boolean): void
  /** The next refresh spends its token, but the answer is lost. */
  loseNextRefresh(): void
  /** Every access token given so far is refused from now on. */
  expireAccess(): void
  /** Every refresh token given so far is refused from now on. */
  revoke(): void
  /** Runs before the next call of a method is answered. */
  beforeNext(method: Method, run: () => Promise<void> | void): void
}

export const GOOD_CODE = 'good-code'
const TOKEN_LIFE_SECONDS = 7_200

/** `now` is the time at which what is added was uploaded. */
export function scriptedDexcom(now: () => number = () => 0): ScriptedDexcom {
  const asked: Asked[] = []
  const records = new Map<string, Measurement>()
  const uploadedAt = new Map<string, number>()
  const failures = new Map<Method, AppError[]>()
  const hooks = new Map<Method, () => Promise<void> | void>()
  const access = new Set<string>()
  const refresh = new Set<string>()
  const notOffered = new Set<ReadingType>()
  let grants = 0
  let account = 'dexcom-account'
  let rejects = 0
  let loseRefresh = false
  let crowd = false

  const grant = (): Grant => {
    grants += 1
    access.add(`access-${grants}`)
    refresh.add(`refresh-${grants}`)
    return { accessToken: `access-${grants}`, refreshToken: `refresh-${grants}`, expiresInSeconds: TOKEN_LIFE_SECONDS }
  }
  const begin = async (call: Asked) => {
    asked.push(call)
    const hook = hooks.get(call.method)
    hooks.delete(call.method)
    await hook?.()
    const failure = failures.get(call.method)?.shift()
    if (failure) throw failure
  }
  const authorize = ({ accessToken }: DexcomCall) => {
    if (!access.has(accessToken)) throw new AppError('upstream_unauthorized', 'no such token')
  }

  return {
    asked,
    count: (method) => asked.filter((call) => call.method === method).length,
    add: (...measurements) => {
      for (const measurement of measurements) {
        records.set(readingKey(measurement), measurement)
        uploadedAt.set(readingKey(measurement), now())
      }
    },
    records: () => [...records.values()],
    belongTo: (dexcomUserId) => {
      account = dexcomUserId
    },
    rejectPerPage: (count) => {
      rejects = count
    },
    failNext: (method, error) => {
      failures.set(method, [...(failures.get(method) ?? []), error])
    },
    doNotOffer: (type) => {
      notOffered.add(type)
    },
    beCrowded: (now) => {
      crowd = now
    },
    loseNextRefresh: () => {
      loseRefresh = true
    },
    expireAccess: () => access.clear(),
    revoke: () => refresh.clear(),
    beforeNext: (method, run) => {
      hooks.set(method, run)
    },

    async fetchReadings(call, type, window) {
      await begin({ method: 'fetchReadings', type, window, priority: call.priority })
      authorize(call)
      if (notOffered.has(type)) throw new AppError('upstream_not_offered', 'no consent')
      // Query times have whole seconds, and nothing promises that the end of a window belongs to it.
      const [from, to] = [window.fromMs, window.toMs].map((ms) => Math.floor(ms / 1000) * 1000)
      const inside = ({ timestamp }: Measurement) =>
        epochMs(timestamp) >= Number(from) && epochMs(timestamp) < Number(to)
      const measurements = [...records.values()].filter((record) => record.type === type && inside(record))
      const rejected = new Map(rejects > 0 ? [['value_range', rejects]] : [])
      return {
        dexcomUserId: account,
        fetched: measurements.length + rejects,
        measurements,
        deletions: [],
        rejected,
        unknownValues: new Map(),
      }
    },
    async dataRange(call, since) {
      await begin({ method: 'dataRange', priority: call.priority })
      authorize(call)
      const shown = [...records].filter(([key]) => since === undefined || Number(uploadedAt.get(key)) > epochMs(since))
      const times = shown.map(([, { timestamp }]) => epochMs(timestamp))
      if (times.length === 0) return { dexcomUserId: account, fromMs: null, toMs: null }
      return { dexcomUserId: account, fromMs: Math.min(...times), toMs: Math.max(...times) }
    },
    readPushed: (dexcomUserId, records) => ({
      dexcomUserId,
      fetched: records.length,
      measurements: records as readonly Measurement[],
      deletions: [],
      rejected: new Map(),
      unknownValues: new Map(),
    }),
    async exchangeCode(_region, code) {
      await begin({ method: 'exchangeCode', presented: code })
      if (code !== GOOD_CODE) throw new AppError('authorization_failed', 'no such code')
      return grant()
    },
    crowded: () => crowd,
    tokenTurn: (work) => work(),
    async refresh(_region, token) {
      await begin({ method: 'refresh', presented: token })
      if (!refresh.delete(token)) throw new AppError('needs_reauth', 'invalid_grant')
      const next = grant()
      if (!loseRefresh) return next
      loseRefresh = false
      throw new AppError('upstream_outcome_unknown', 'the answer was lost')
    },
  }
}
