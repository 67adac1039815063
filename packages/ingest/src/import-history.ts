import {
  DAY_MS,
  type Deletion,
  epochMs,
  type Instant,
  type Measurement,
  READING_TYPES,
  toInstant,
  type UserId,
  WINDOW_LIMIT_MS,
  type Window,
} from '@bg-ingest/domain'
import { commitMeasurements } from './commit.ts'
import { fetchWindow } from './fetch-window.ts'
import { type Held, withLease, withLeaseWhenFree } from './lease.ts'
import { newest } from './newest-reading.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish } from './publish.ts'
import { rememberAccount } from './remember-account.ts'
import { openSession } from './session.ts'
import type { History } from './state.ts'

export interface HistoryOptions {
  /** 0 keeps for ever; what lies past retention is not imported. */
  readonly retentionDays: number
  /** True once the process is to end: the import stops behind a chunk, and somebody else goes on from there. */
  readonly stopping: () => boolean
}

/** Readings stored under one hold of the lease: well under 2 s of writing (measured: 0.3 to 1 s), so a manual sync never waits long. */
const CHUNK = 1000
/** Between two chunks nobody holds the lease, for longer than a sync that found it taken waits (200 ms): it gets its turn. */
const GAP_MS = 300

/**
 * Imports one window of at most 30 days, newest first, and answers whether more is left. Each chunk is a checkpoint:
 * after a crash the next run goes on behind what is stored.
 */
export async function importHistory(
  ports: Ports,
  options: HistoryOptions,
  userId: UserId,
  stop: AbortSignal,
): Promise<{ readonly more: boolean }> {
  const plan = await withLease(ports, userId, stop, (held) => fetchNext(ports, options, held))
  if (!plan) return { more: false }

  for (const chunk of chunksOf(plan)) {
    if (options.stopping()) return { more: true }
    await ports.pause(GAP_MS)
    const stored = await withLeaseWhenFree(ports, userId, stop, (held) => storeChunk(ports, held, plan, chunk))
    if (!stored) return { more: false }
  }
  await ports.pause(GAP_MS)
  return withLeaseWhenFree(ports, userId, stop, (held) => closeWindow(held, plan))
}

interface Plan {
  readonly window: Window
  /** The span that this import is part of. */
  readonly from: Instant
  readonly to: Instant | null
  /** Newest first. */
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
}

interface Chunk {
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
  /** Everything from here to the end of the window is stored after this chunk. */
  readonly through: Instant | null
}

/** Fingersticks first and in one piece: where one has moved to is told from all of the window's. */
function* chunksOf({ measurements, deletions }: Plan): Generator<Chunk> {
  const fingersticks = measurements.filter(({ type }) => type === 'manual')
  if (fingersticks.length + deletions.length > 0) yield { measurements: fingersticks, deletions, through: null }
  const others = measurements.filter(({ type }) => type !== 'manual')
  for (let start = 0; start < others.length; start += CHUNK) {
    const chunk = others.slice(start, start + CHUNK)
    yield { measurements: chunk, deletions: [], through: chunk.at(-1)?.timestamp ?? null }
  }
}

/** Learns the span from dataRange on the first run, then fetches the newest window that is not stored yet. */
async function fetchNext(ports: Ports, options: HistoryOptions, held: Held): Promise<Plan | null> {
  await adoptAndPublish(ports, held)
  const session = await openSession(ports, held, 'history')
  let { history } = held.state
  if (history.state === 'complete') return null
  if (history.from === null || history.through === null) {
    const range = await session.call((call) => ports.dexcom.dataRange(call))
    history = planned(range, options.retentionDays, ports.clock.now())
  }
  if (history.from === null || history.through === null || history.through <= history.from) {
    await held.finish({ history: { ...history, state: 'complete' } })
    return null
  }
  const window = nextWindow(epochMs(history.from), epochMs(history.through))
  const content = await fetchWindow(ports, session, window, READING_TYPES)
  await rememberAccount(ports, held, session.connection, content.dexcomUserId)
  await held.finish({ history: { ...history, state: 'running' } })
  const measurements = [...content.measurements].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))
  return { window, from: history.from, to: history.to, measurements, deletions: content.deletions }
}

/** Between two chunks a person may have been erased, or connected anew: then what this run has fetched is void. */
const isVoid = ({ history }: Held['state'], { from, to }: Plan): boolean => history.from !== from || history.to !== to

function planned(
  { fromMs, toMs }: { readonly fromMs: number | null; readonly toMs: number | null },
  retentionDays: number,
  nowMs: number,
): History {
  const empty = { state: 'running', from: null, to: null, through: null, readings: 0 } as const
  if (fromMs === null || toMs === null) return empty
  const oldest = retentionDays > 0 ? Math.max(fromMs, nowMs - retentionDays * DAY_MS) : fromMs
  // One second behind the newest: Dexcom's end of a window may be exclusive.
  const newestEnd = Math.min(toMs, nowMs) + 1000
  if (oldest >= newestEnd) return empty
  return { ...empty, from: toInstant(oldest), to: toInstant(newestEnd), through: toInstant(newestEnd) }
}

/** Overlaps what is stored by a second, for the same reason; what comes twice is stored once. */
const nextWindow = (fromMs: number, throughMs: number): Window => {
  const toMs = throughMs + 1000
  return { fromMs: Math.max(fromMs, toMs - WINDOW_LIMIT_MS), toMs }
}

/** False where the plan is void: nothing is stored then. */
async function storeChunk(ports: Ports, held: Held, plan: Plan, chunk: Chunk): Promise<boolean> {
  if (isVoid(held.state, plan)) return false
  await adoptAndPublish(ports, held)
  const { measurements, deletions, through } = chunk
  const done = await commitMeasurements(ports, held, measurements, { deletions, window: plan.window })
  const { history, newestAt } = held.state
  await held.finish({
    newestAt: newest(newestAt, measurements),
    history: {
      ...history,
      through: through ?? history.through,
      readings: history.readings + done.stored,
    },
  })
  return true
}

async function closeWindow(held: Held, plan: Plan): Promise<{ readonly more: boolean }> {
  if (isVoid(held.state, plan)) return { more: false }
  const { history } = held.state
  const through = toInstant(plan.window.fromMs)
  const more = through > plan.from
  await held.finish({ history: { ...history, through, state: more ? 'running' : 'complete' } })
  return { more }
}

/** Marks an import that was given up; the next poll starts it again where it stood. */
export async function failHistory(ports: Ports, userId: UserId, stop: AbortSignal): Promise<void> {
  await withLease(ports, userId, stop, (held) => held.finish({ history: { ...held.state.history, state: 'failed' } }))
}
