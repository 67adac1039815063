export { CHANGE_KINDS, CHANGES_PER_RANGE, Change, type ChangeKind, type ChangeRange, toRanges } from './change.ts'
export { AppError, ERROR_CODES, type ErrorCode, type FieldError } from './errors.ts'
export { eventSchema } from './event-schema.ts'
export { EVENTS, type EventData, type RoutingKey, type ServiceEvent, serviceEvent } from './events.ts'
export {
  CADENCE_MS,
  CONNECTION_STATUSES,
  type ConnectionStatus,
  FRESHNESS_STATES,
  type FreshnessState,
  freshnessState,
} from './freshness.ts'
export { inUnit, MGDL_PER_MMOLL, rateInUnit, UNITS, type Unit } from './glucose.ts'
export { type ReadingKey, type ReadingNames, readingId, readingKey, readingKeys, readingNames } from './identity.ts'
export { calendarMs, epochMs, Instant, parseInstant, toInstant } from './instant.ts'
export { changeBytes, PublicChange, PublicReading, toPublicReading } from './output.ts'
export { PushedPage, PushNotice } from './push.ts'
export {
  BOUNDS,
  type Bound,
  boundOf,
  type Deletion,
  Device,
  Measurement,
  READING_TYPES,
  type ReadingType,
  StoredReading,
  TRENDS,
  type Trend,
} from './reading.ts'
export { nextPollMs, pollOffsetMs, REGISTRY_SHARDS, registryShard } from './schedule.ts'
export { addCounts, type Counts, NO_COUNTS, PRIORITY, SyncResult, TRIGGERS, type Trigger } from './sync.ts'
export { UserId } from './user-id.ts'
export { DAY_MS, pollWindow, WINDOW_LIMIT_MS, type Window, windowsNewestFirst } from './window.ts'
