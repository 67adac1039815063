import {
  DAY_MS,
  epochMs,
  type Instant,
  nextPollMs,
  toInstant,
  type UserId,
  WINDOW_LIMIT_MS,
  type Window,
} from '@bg-ingest/domain'
import type { DataSpan } from './ports.ts'
import type { History, Reconcile, SyncState } from './state.ts'

const WEEK_DAYS = 7
const MONTH_DAYS = 30
/** Six rounds of a week, then one of a month: at one a day every reading of 30 days is compared again each week. */
const ROUNDS_PER_MONTH_ROUND = 7

/**
 * Whether it is time to compare what is stored with Dexcom again. Spread over the interval by a hash of the id, and not
 * before the import has ended, which compares everything itself.
 */
export function isReconcileDue(userId: UserId, state: SyncState, everyMs: number, nowMs: number): boolean {
  const { reconcile, history, lastSuccessAt } = state
  if (history.state !== 'complete') return false
  if (reconcile.startedAt !== null) return true
  const last = reconcile.at ?? history.to ?? lastSuccessAt
  return last !== null && nowMs >= nextPollMs(userId, everyMs, epochMs(last) + 1)
}

interface Known {
  /** Everything that Dexcom has, and what was uploaded since the last round began; the latter null on the first. */
  readonly all: DataSpan
  readonly uploaded: DataSpan | null
  readonly retentionDays: number
  readonly nowMs: number
}

/** A round, and what people are told of how far back the history reaches. */
export interface Round {
  readonly reconcile: Reconcile
  readonly history: History
}

/**
 * A new round: the last 7 days, every seventh time 30, and further back where Dexcom shows something older than that: its
 * data begins earlier than what was imported, or something older was uploaded since the last round.
 */
export function newRound(state: SyncState, { all, uploaded, retentionDays, nowMs }: Known): Round {
  const { reconcile, history } = state
  const days = (reconcile.rounds + 1) % ROUNDS_PER_MONTH_ROUND === 0 ? MONTH_DAYS : WEEK_DAYS
  const retained = (ms: number) => (retentionDays > 0 ? Math.max(ms, nowMs - retentionDays * DAY_MS) : ms)
  const beginsMs = all.fromMs === null ? nowMs : retained(all.fromMs)
  const movedBack = history.from === null || beginsMs < epochMs(history.from)
  const from = retained(Math.min(nowMs - days * DAY_MS, uploaded?.fromMs ?? nowMs, movedBack ? beginsMs : nowMs))
  const now = toInstant(nowMs)
  return {
    reconcile: { ...reconcile, startedAt: now, from: toInstant(from), through: now },
    history: movedBack && all.fromMs !== null ? reachingBack(history, toInstant(beginsMs), now) : history,
  }
}

const reachingBack = (history: History, from: Instant, now: Instant): History => ({
  ...history,
  from,
  through: from,
  to: history.to ?? now,
})

/** The newest window of a round that has not been compared, of at most 30 days; null where none is left. */
export function nextWindowOf({ startedAt, from, through }: Reconcile): Window | null {
  if (startedAt === null || from === null || through === null || through <= from) return null
  // Overlaps its neighbour by a second: nothing says whether Dexcom's end of a window is exclusive.
  const toMs = Math.min(epochMs(through) + 1000, epochMs(startedAt))
  return { fromMs: Math.max(epochMs(from), toMs - WINDOW_LIMIT_MS), toMs }
}

/** The state behind a window: further down in the round, or its end. */
export function behind(round: Reconcile, { fromMs }: Window): Reconcile {
  const through = toInstant(fromMs)
  if (round.from !== null && through > round.from) return { ...round, through }
  return { at: round.startedAt, rounds: round.rounds + 1, startedAt: null, from: null, through: null }
}
