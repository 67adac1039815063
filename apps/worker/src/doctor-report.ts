import type { FindingKind } from '@bg-ingest/ingest'
import { columns } from './table.ts'

/** One finding of one person, and what was done about it. */
export interface Line {
  /** Keyed hash. */
  readonly user: string
  readonly finding: FindingKind
  readonly count: number
  /** Null where nothing was done: not asked for, or not safe. */
  readonly repaired: string | null
}

/** Something that could not be looked at. */
export interface Unseen {
  readonly user: string
  readonly what: string
}

export interface Report {
  readonly people: number
  readonly lines: readonly Line[]
  readonly unseen: readonly Unseen[]
}

const ASK_REPAIR = 'Run with --repair.'
const LOOK = 'See docs/operations/doctor.md; nothing is done by itself.'

/** What to do about each finding, for people. */
const REMEDIES: Readonly<Record<FindingKind, string>> = {
  unpublished: `Changes wait for the broker: see that it takes messages. ${ASK_REPAIR}`,
  lease_stuck: `A run has died and nobody came since. ${ASK_REPAIR} A lease far in the future: a clock is wrong.`,
  tokens_unreadable: 'Put the key that sealed the tokens back into ENCRYPTION_KEYS, or have the person connect again.',
  log_hole: `Numbers without an owner: was the accounts table restored? ${LOOK}`,
  log_overlap: `Numbers with two owners. ${LOOK}`,
  reading_unlogged: `Readings that no log item names: was the accounts table restored? ${LOOK}`,
  reading_ahead: `Readings above the committed number: was the accounts table restored? ${LOOK}`,
  reading_missing: `Readings are gone that were told: was the readings table restored? ${ASK_REPAIR}`,
  dexcom_differs: `Dexcom has readings that are not stored as they are there. ${ASK_REPAIR}`,
  retention_differs: `RETENTION_DAYS has changed and is not applied yet. ${ASK_REPAIR}`,
  erased_data: `Data of somebody who was erased. ${ASK_REPAIR}`,
  erasure_untold: `user.erased waits for the broker. ${ASK_REPAIR}`,
  registry_missing: `Nobody would restore this person's schedule. ${ASK_REPAIR}`,
  registry_differs: `The registry says otherwise than the connection. ${ASK_REPAIR}`,
  registry_stranger: `In the registry without a connection. ${ASK_REPAIR}`,
  schedule_missing: `Is not polled. ${ASK_REPAIR}`,
  schedule_interval: `Is polled at another interval. ${ASK_REPAIR}`,
  schedule_stopped: `The next poll does not exist. ${ASK_REPAIR}`,
  schedule_surplus: `Is polled and should not be. ${ASK_REPAIR}`,
}

/** 0 nothing found, 1 something found, 2 could not look. */
export function exitCodeOf({ lines, unseen }: Report): number {
  if (unseen.length > 0) return 2
  return lines.length > 0 ? 1 : 0
}

/** The report as a table for people; the id is shown where a single person was asked for. */
export function renderTable({ people, lines, unseen }: Report, userId: string | null): string {
  const who = (hash: string) => (userId === null ? hash : `${userId} (${hash})`)
  const rows = lines.map(({ user, finding, count, repaired }) => [
    finding,
    String(count),
    who(user),
    repaired === null ? REMEDIES[finding] : `Done: ${repaired}.`,
  ])
  const table = rows.length > 0 ? columns([['FINDING', 'COUNT', 'WHO', 'WHAT TO DO'], ...rows]) : []
  const blind = unseen.map(({ user, what }) => `not looked at: ${who(user)}: ${what}`)
  return [...table, ...blind, `${people} looked at, ${lines.length} findings, ${unseen.length} not looked at`].join(
    '\n',
  )
}
