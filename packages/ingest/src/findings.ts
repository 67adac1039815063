/** Everything an examination can find wrong with what is kept of a person; docs/operations/doctor.md explains each. */
export const FINDINGS = [
  'unpublished',
  'lease_stuck',
  'tokens_unreadable',
  'log_hole',
  'log_overlap',
  'reading_unlogged',
  'reading_ahead',
  'reading_missing',
  'dexcom_differs',
  'retention_differs',
  'erased_data',
  'erasure_untold',
  'registry_missing',
  'registry_differs',
  'registry_stranger',
  'schedule_missing',
  'schedule_interval',
  'schedule_stopped',
  'schedule_surplus',
] as const
export type FindingKind = (typeof FINDINGS)[number]

/** One thing that is wrong, and how often. */
export interface Finding {
  readonly finding: FindingKind
  readonly count: number
}

/** Only what was found at all. */
export const found = (counts: Partial<Record<FindingKind, number>>): readonly Finding[] =>
  FINDINGS.flatMap((finding) => {
    const count = counts[finding] ?? 0
    return count > 0 ? [{ finding, count }] : []
  })
