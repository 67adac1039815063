import { ALERTS_PATH, AlertRecord, type ListedField } from '@bg-ingest/dexcom-contract'
import type { Instant, Window } from '@bg-ingest/domain'
import type { Caller } from './caller.ts'
import type { DexcomCall } from './data-call.ts'
import { readWindow } from './records-page.ts'
import type { RejectReason } from './rejection.ts'
import { addTallies, count } from './tally.ts'
import { withTolerance } from './tolerance.ts'
import type { Timeouts } from './transport.ts'
import { countUnknown, newPage, type Page } from './unknown-values.ts'
import { cut, readLocalTime, readTimestamp, textOrNull } from './wire-fields.ts'

/** What a device told its wearer: high, urgentLow …, and whether they heard it. Names and states as Dexcom wrote them. */
export interface Alert {
  readonly timestamp: Instant
  readonly localTime: string | null
  readonly name: string
  readonly state: string
  readonly recordId: string
}

export interface Alerts {
  readonly dexcomUserId: string
  readonly alerts: readonly Alert[]
  readonly rejected: ReadonlyMap<string, number>
  readonly unknownValues: ReadonlyMap<string, number>
}

const WireAlert = withTolerance(AlertRecord, ['recordId', 'systemTime', 'alertName'])

/** All alerts with a systemTime in the window (at most 30 days). Throws AppError; RangeError for a bad window. */
export async function alerts(caller: Caller, call: DexcomCall, window: Window, timeouts: Timeouts): Promise<Alerts> {
  const request = { endpoint: 'alerts', path: ALERTS_PATH, recordType: 'alert', window, timeouts } as const
  const pages = await readWindow(caller, call, request, (userId, records) => readPage(userId, records, caller.now()))
  return {
    dexcomUserId: pages[0].dexcomUserId,
    alerts: pages.flatMap((page) => page.alerts),
    rejected: addTallies(pages.map(({ rejected }) => rejected)),
    unknownValues: addTallies(pages.map(({ unknownValues }) => unknownValues)),
  }
}

function readPage(dexcomUserId: string, records: readonly unknown[], nowMs: number): Alerts {
  const page = newPage(nowMs)
  const found: Alert[] = []
  const rejected = new Map<RejectReason, number>()
  for (const record of records) {
    const outcome = readAlert(record, page)
    if (typeof outcome === 'string') count(rejected, outcome)
    else found.push(outcome)
  }
  const unknownValues: ReadonlyMap<ListedField, number> = page.unknownValues
  return { dexcomUserId, alerts: found, rejected, unknownValues }
}

function readAlert(record: unknown, page: Page): Alert | RejectReason {
  const { data: alert } = WireAlert.safeParse(record)
  if (!alert) return 'shape'
  countUnknown(page, 'alertName', alert.alertName)
  countUnknown(page, 'alertState', alert.alertState)
  const timestamp = readTimestamp(alert.systemTime, page.nowMs)
  if (typeof timestamp === 'string') return timestamp
  return {
    timestamp: timestamp.at,
    localTime: readLocalTime(alert.displayTime),
    name: cut(alert.alertName),
    state: textOrNull(alert.alertState) ?? 'unknown',
    recordId: cut(alert.recordId),
  }
}
