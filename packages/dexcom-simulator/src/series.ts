import type { Trend, Window } from '@bg-ingest/domain'
import type { EventChange, ScriptedEvent } from './options/fact-options.ts'

/** The second device that shows the same measurement. */
export interface TwinDisplay {
  readonly displayDevice: 'iOS' | 'android' | 'receiver'
  readonly displayApp: string | null
  readonly mobile: boolean
}

/** What every record of a simulated account has, before it is written for the wire. Times are epoch milliseconds. */
export interface SourceRecord {
  /** Names the record within its account and type. */
  readonly key: string
  /** By the clock of the device. */
  readonly systemTimeMs: number
  /** By the true time; absent where the clock of the device is right. */
  readonly measuredMs?: number
  /** When it reached Dexcom's cloud, which may be hours or weeks after it was measured. */
  readonly uploadTimeMs: number
  readonly transmitterId: string
  /** Seconds since the transmitter started. */
  readonly transmitterTicks: number
  /** Set on the second record of twins. */
  readonly twin?: TwinDisplay
}

export interface SourceEgv extends SourceRecord {
  /** mg/dL, 39 and 401 for out of range; null where the sensor gave none. */
  readonly value: number | null
  readonly trend: Trend | null
  readonly trendRate: number | null
}

export interface SourceCalibration extends SourceRecord {
  readonly value: number
}

export interface SourceEvent extends SourceRecord {
  readonly eventType: ScriptedEvent['eventType']
  readonly eventSubType: string | null
  readonly value: string
  readonly unit: string | null
  /** What becomes of the entry, in order of time. */
  readonly changes?: readonly EventChange[]
}

/** `alertName` and `alertState` of Dexcom's swagger (dexcom-api.md 3.8). */
export interface SourceAlert extends SourceRecord {
  readonly alertName: 'high' | 'low' | 'rise' | 'fall' | 'outOfRange' | 'urgentLow' | 'urgentLowSoon'
  readonly alertState: 'inactive' | 'activeSnoozed' | 'activeAlarming'
}

export type Order = 'oldest-first' | 'newest-first'

/** [from, to) by systemTime. */
export interface Span extends Window {
  /** Nothing that was measured at this instant or later is walked: the future has no end. */
  readonly measuredBeforeMs?: number
}

/** A lazy walk over the records of one kind. */
export type Walk<T> = (span: Span, order: Order) => Iterable<T>

/** What was measured and typed in: the life of a person, made up or recorded, before anything is done to it. */
export interface Life {
  readonly egvs: Walk<SourceEgv>
  readonly calibrations: Walk<SourceCalibration>
  readonly events: Walk<SourceEvent>
  /** What a record of that instant has in common with its neighbours. */
  readonly sourceAt: (key: string, systemTimeMs: number) => SourceRecord
  /** When the sensor of that instant ends; null where nobody knows. */
  readonly sessionEndMs: (epochMs: number) => number | null
  /** When the first reading lies, or may lie. */
  readonly firstMs: number
}

/** Everything one account ever sends to Dexcom. */
export interface Series {
  readonly egvs: Walk<SourceEgv>
  readonly calibrations: Walk<SourceCalibration>
  readonly events: Walk<SourceEvent>
  readonly alerts: Walk<SourceAlert>
}
