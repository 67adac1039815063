import {
  DAY_MS,
  epochMs,
  type Instant,
  type Measurement,
  READING_TYPES,
  type StoredReading,
  type UserId,
  type Window,
} from '@bg-ingest/domain'
import { commitMeasurements, compareWindowWithStore } from './commit.ts'
import { fetchWindow, type WindowContent } from './fetch-window.ts'
import { type Held, withLease } from './lease.ts'
import { newest } from './newest-reading.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish } from './publish.ts'
import { behind, newRound, nextWindowOf, type Round } from './reconcile-plan.ts'
import { rememberAccount } from './remember-account.ts'
import { openSession, type Session } from './session.ts'

export interface ReconcileOptions {
  /** 0 keeps for ever; what lies past retention is not looked for. */
  readonly retentionDays: number
}

export interface Reconciled {
  /** Whether the round has windows, or this one readings, left: ask again. */
  readonly more: boolean
  readonly unpublished: boolean
}

/** Readings stored under one hold of the lease: about a second of writing, so that a manual sync never waits long. */
const CHUNK = 1000

/**
 * Compares one window of what is stored with Dexcom, and stores what came later than any poll looks back: a receiver is
 * uploaded weeks after it has measured. Where nothing differs nothing is written but the checkpoint.
 */
export async function reconcileUser(
  ports: Ports,
  options: ReconcileOptions,
  userId: UserId,
  stop: AbortSignal,
): Promise<Reconciled> {
  return withLease(ports, userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const session = await openSession(ports, held, 'history')
    const round = await roundOf(ports, options, held, session)
    const window = nextWindowOf(round.reconcile)
    const more = window ? await compareWindow(ports, held, session, round, window) : false
    return { more, unpublished: held.progress.published < held.progress.committed }
  })
}

/** The round under way, else a new one. */
async function roundOf(
  ports: Ports,
  { retentionDays }: ReconcileOptions,
  held: Held,
  session: Session,
): Promise<Round> {
  const { reconcile, history } = held.state
  if (reconcile.startedAt !== null) return { reconcile, history }
  const nowMs = ports.clock.now()
  const rangeSince = (since?: Instant) => session.call((call) => ports.dexcom.dataRange(call, since))
  const all = await rangeSince()
  const uploaded = reconcile.at ? await rangeSince(reconcile.at) : null
  return newRound(held.state, { all, uploaded, retentionDays, nowMs })
}

/** Where more differs than fits under one lease, the checkpoint stays: the next run finds the rest by itself. */
async function compareWindow(ports: Ports, held: Held, session: Session, round: Round, window: Window) {
  const content = await fetchWindow(ports, session, window, READING_TYPES)
  await rememberAccount(ports, held, session.connection, content.dexcomUserId)
  const { part, rest } = await newsOf(ports, held, content, window)
  await commitMeasurements(ports, held, part, { deletions: content.deletions, window })
  const reconcile = rest ? round.reconcile : behind(round.reconcile, window)
  await held.finish({ ...round, newestAt: newest(held.state.newestAt, part), reconcile })
  return reconcile.startedAt !== null
}

/** Of a window's content what differs from the store, newest first, as much of it as one hold of the lease stores. */
async function newsOf(ports: Ports, held: Held, content: WindowContent, window: Window) {
  const { measurements, deletions } = content
  const { differences, vanished } = await compareWindowWithStore(ports, held, { measurements, deletions }, window)
  const differing = new Set(differences.map(({ measurement }) => measurement.recordId))
  // Fingersticks all or none: where one has moved to is told from all of the window's.
  const fingersticks = differences.some(({ measurement }) => measurement.type === 'manual')
  const isNews = ({ type, recordId }: Measurement) => (type === 'manual' ? fingersticks : differing.has(recordId))
  const news = measurements.filter(isNews).sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))
  const rest = news.length > CHUNK
  // Told once for a window: by the run that gets through with it.
  if (!rest) tellVanished(ports, vanished)
  return { part: news.slice(0, CHUNK), rest }
}

/** A webhook may bring what Dexcom's API shows hours later. */
const SURELY_SHOWN_MS = DAY_MS

function tellVanished({ observer, clock }: Ports, vanished: readonly StoredReading[]): void {
  const old = vanished.filter(({ timestamp }) => clock.now() - epochMs(timestamp) > SURELY_SHOWN_MS)
  for (const [type, readings] of Map.groupBy(old, ({ type }) => type)) observer.vanished(type, readings.length)
}
