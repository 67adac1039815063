import {
  addCounts,
  type Counts,
  DAY_MS,
  type Deletion,
  epochMs,
  type Instant,
  type Measurement,
  NO_COUNTS,
  pollWindow,
  READING_TYPES,
  type ReadingType,
  type SyncResult,
  type Trigger,
  toInstant,
  type UserId,
  type Window,
  windowsNewestFirst,
} from '@bg-ingest/domain'
import { commitMeasurements } from './commit.ts'
import { fetchWindow } from './fetch-window.ts'
import { withLease } from './lease.ts'
import { newest } from './newest-reading.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish } from './publish.ts'
import { isReconcileDue } from './reconcile-plan.ts'
import { rememberAccount } from './remember-account.ts'
import { NOTHING_SEEN, openSeen } from './seen-digest.ts'
import { openSession } from './session.ts'
import type { SyncState } from './state.ts'

export interface SyncOptions {
  /** How far each poll reaches back behind the newest reading. */
  readonly lookbackMs: number
  /** How often what is stored is compared with Dexcom again. */
  readonly reconcileEveryMs: number
  /** 0 keeps for ever; what lies past retention is not fetched, however far back somebody asks. */
  readonly retentionDays: number
  /** How late Dexcom shows what a phone uploaded, in this region. */
  readonly vendorDelayMs: (region: string) => number
}

export interface SyncRequest {
  readonly userId: UserId
  readonly trigger: Trigger
  /** A span that somebody asked for; without it the poll's own. */
  readonly range?: { readonly from: Instant; readonly to: Instant } | undefined
}

export interface SyncOutcome {
  readonly result: SyncResult
  /** Whether changes wait for the broker. */
  readonly unpublished: boolean
  /** Whether the import of history has not ended; after a loss of Redis nobody else would go on with it. */
  readonly historyOpen: boolean
  readonly reconcileDue: boolean
}

/** Fingersticks and calibrations are rare: asked for every six hours, so that a normal poll costs one call. */
const SLOW_EVERY_MS = 6 * 3_600_000

/**
 * One sync of one person: lease, adopt, fetch, diff, claim, write, publish, finish. A crash after any step leaves a
 * state from which the next run goes on: nothing lost, no sequence without an owner, no cursor ahead of the data.
 */
export async function syncUser(
  ports: Ports,
  options: SyncOptions,
  request: SyncRequest,
  stop: AbortSignal,
): Promise<SyncOutcome> {
  const startedAt = ports.clock.monotonic()
  return withLease(ports, request.userId, stop, async (held) => {
    const nowMs = ports.clock.now()
    await adoptAndPublish(ports, held)
    const session = await openSession(ports, held, request.trigger)
    // Only from here on is it an attempt: nothing is noted of somebody who has disconnected or was erased.
    held.progress.attemptedAt = toInstant(nowMs)
    const span = spanOf(request, held.state, options, nowMs)
    const types = typesToAsk(request, held.state, nowMs)
    const seen = request.range ? NOTHING_SEEN : await openSeen(ports, held)

    // Somebody waits for a manual sync: while many do, none of them waits behind the others' fingersticks as well.
    const { region } = session.connection
    const spare = () => request.trigger === 'manual' && !request.range && ports.dexcom.crowded(region)
    const page = { types, measurements: [] as Measurement[], deletions: [] as Deletion[] }
    let counts: Counts = NO_COUNTS
    let newestAt = held.state.newestAt
    let dexcomUserId = session.connection.dexcomUserId
    for (const window of windowsNewestFirst(withinRetention(span, options, nowMs))) {
      const content = await fetchWindow(ports, session, window, types, spare)
      dexcomUserId = content.dexcomUserId
      page.types = page.types.filter((type) => content.asked.includes(type))
      const { measurements, deletions } = content
      const done = await commitMeasurements(ports, held, measurements, { deletions, window, seen })
      page.measurements.push(...measurements)
      page.deletions.push(...deletions)
      counts = addCounts(counts, { ...content.counts, ...done })
      newestAt = newest(newestAt, content.measurements)
    }
    await rememberAccount(ports, held, session.connection, dexcomUserId)
    const at = toInstant(nowMs)
    await seen.keep(page)
    await held.finish({
      newestAt,
      ...(request.range
        ? {}
        : {
            lastSuccessAt: at,
            completeThrough: toInstant(span.toMs - options.vendorDelayMs(region)),
            ...(page.types.length === READING_TYPES.length ? { slowRecordsAt: at } : {}),
          }),
    })
    const durationMs = Math.round(ports.clock.monotonic() - startedAt)
    return {
      result: { from: toInstant(span.fromMs), to: toInstant(span.toMs), ...counts, durationMs },
      unpublished: held.progress.published < held.progress.committed,
      historyOpen: held.state.history.state !== 'complete',
      reconcileDue: isReconcileDue(request.userId, held.state, options.reconcileEveryMs, nowMs),
    }
  })
}

function spanOf({ range }: SyncRequest, state: SyncState, { lookbackMs }: SyncOptions, nowMs: number): Window {
  if (range) return { fromMs: epochMs(range.from), toMs: epochMs(range.to) }
  const ms = (instant: Instant | null) => (instant === null ? null : epochMs(instant))
  return pollWindow({ nowMs, newestMs: ms(state.newestAt), lastSuccessMs: ms(state.lastSuccessAt), lookbackMs })
}

const withinRetention = ({ fromMs, toMs }: Window, { retentionDays }: SyncOptions, nowMs: number): Window => ({
  fromMs: retentionDays > 0 ? Math.max(fromMs, nowMs - retentionDays * DAY_MS) : fromMs,
  toMs,
})

function typesToAsk(
  { range, trigger }: SyncRequest,
  { slowRecordsAt }: SyncState,
  nowMs: number,
): readonly ReadingType[] {
  const due = slowRecordsAt === null || nowMs - epochMs(slowRecordsAt) >= SLOW_EVERY_MS
  return range || trigger === 'manual' || due ? READING_TYPES : ['cgm']
}
