import type { Deletion, Measurement } from '@bg-ingest/domain'

/** Why a record is set aside: a closed set, because operators count by it. */
export const REJECT_REASONS = ['shape', 'time', 'future', 'value_missing', 'value_range', 'unit'] as const
export type RejectReason = (typeof REJECT_REASONS)[number]

/**
 * What one record became: a measurement, a measurement taken back, a reason, or null for a record that never was a
 * reading (insulin, carbs …).
 */
export type Outcome = Measurement | { readonly deletion: Deletion } | RejectReason | null
