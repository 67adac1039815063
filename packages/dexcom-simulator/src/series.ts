import type { Trend, Window } from '@bg-ingest/domain'

/** What every record of a simulated account has, before it is written for the wire. Times are epoch milliseconds. */
export interface SourceRecord {
  /** Names the record within its account and type. */
  readonly key: string
  readonly systemTimeMs: number
  /** When it reached Dexcom's cloud, which may be hours or weeks after it was measured. */
  readonly uploadTimeMs: number
  readonly transmitterId: string
  /** Seconds since the transmitter started. */
  readonly transmitterTicks: number
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
  readonly eventType: 'insulin' | 'carbs' | 'exercise' | 'bloodGlucose'
  readonly eventSubType: string | null
  readonly value: string
  readonly unit: string
}

export type Order = 'oldest-first' | 'newest-first'

/** Everything one account ever measured, walked lazily; spans are [from, to) by systemTime. */
export interface Series {
  readonly egvs: (span: Window, order: Order) => Iterable<SourceEgv>
  readonly calibrations: (span: Window, order: Order) => Iterable<SourceCalibration>
  readonly events: (span: Window, order: Order) => Iterable<SourceEvent>
}
