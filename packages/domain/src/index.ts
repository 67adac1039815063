export { Change, CHANGE_KINDS, type ChangeKind, type ChangeRange, CHANGES_PER_RANGE, toRanges } from './change.ts'
export { AppError, ERROR_CODES, type ErrorCode, type FieldError } from './errors.ts'
export { EVENTS, type EventData, type RoutingKey, type ServiceEvent, serviceEvent } from './events.ts'
export {
  CADENCE_MS,
  CONNECTION_STATUSES,
  type ConnectionStatus,
  FRESHNESS_STATES,
  type FreshnessState,
  freshnessState,
} from './freshness.ts'
export { inUnit, rateInUnit, UNITS, type Unit } from './glucose.ts'
export { type ReadingKey, readingId, readingKey } from './identity.ts'
export { calendarMs, epochMs, Instant, parseInstant, toInstant } from './instant.ts'
export { PublicChange, PublicReading, toPublicReading } from './output.ts'
export {
  type Bound,
  BOUNDS,
  boundOf,
  Device,
  Measurement,
  READING_TYPES,
  type ReadingType,
  StoredReading,
  type Trend,
  TRENDS,
} from './reading.ts'
export { nextPollMs, pollOffsetMs } from './schedule.ts'
export { addCounts, type Counts, NO_COUNTS, PRIORITY, SyncResult, type Trigger, TRIGGERS } from './sync.ts'
export { UserId } from './user-id.ts'
export { DAY_MS, pollWindow, type Window, WINDOW_LIMIT_MS, windowsNewestFirst } from './window.ts'
