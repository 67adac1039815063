import type { SimulatedUser } from '@bg-ingest/dexcom-simulator'
import { type Account, recordPage, truthOf } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { accountOf, person, START_MS } from './accounts.ts'

export type WireRecord = Readonly<Record<string, unknown>>

export const VIEW = { nowMs: START_MS, vendorDelayMs: 0 }
export const WEEK = { fromMs: START_MS - 7 * DAY_MS, toMs: START_MS + 1000 }

type PersonOptions = NonNullable<Parameters<typeof person>[0]>

/** Somebody whose phone uploads at once, with 30 days behind them. */
export const someone = (more: PersonOptions = {}): Account => accountOf(person({ profile: 'quiet', ...more }))

/** Somebody who measured 100 mg/dL every five minutes of the last two hours, on whole seconds. */
export const steady = (more: Partial<Extract<SimulatedUser, { kind: 'replay' }>> = {}): Account =>
  accountOf({
    name: 'rec',
    kind: 'replay',
    readings: Array.from({ length: 24 }, (_, i) => ({ systemTimeMs: minutesAgo(5 * (24 - i)), value: 100 })),
    ...more,
  })

export const minutesAgo = (minutes: number): number => START_MS - minutes * 60_000

export function pageOf(account: Account, type: Parameters<typeof recordPage>[0], window = WEEK, view = VIEW) {
  const text = [...recordPage(type, account, view, window)].join('')
  return JSON.parse(text) as { readonly userId: string; readonly records: readonly WireRecord[] }
}

export const recordsOf = (account: Account, type: Parameters<typeof recordPage>[0], view = VIEW) =>
  pageOf(account, type, WEEK, view).records

export const truthAt = (account: Account, nowMs = START_MS) =>
  truthOf(account, { nowMs, vendorDelayMs: 0 }, { fromMs: -8.64e15, toMs: 8.64e15 })
