import { DAY_MS, type Instant, toInstant, type UserId } from '@bg-ingest/domain'
import { type Held, withLease } from './lease.ts'
import type { Ports } from './ports.ts'
import type { History, Retention, SyncState } from './state.ts'

export interface RetentionOptions {
  /** 0 keeps for ever. */
  readonly retentionDays: number
}

/** Items of one page: 32 rounds of 16 updates side by side where all of them change. Not measured on AWS. */
const PAGE = 500
/** After so long no further page is begun; a page that takes below 1.2 s gives the lease up within 2 s. */
const PIECE_MS = 800

const NEVER: Retention = { days: null, goal: null, table: 'readings', through: null }

/** Whether what is stored carries another retention than the configured one, or nobody knows. */
export const isRetentionDue = ({ retention = NEVER }: Pick<SyncState, 'retention'>, days: number): boolean =>
  retention.days !== days || retention.goal !== null

/**
 * Sets the expiry of what is stored, readings and log, to the configured retention: one piece of it under one hold of the
 * lease, from where the last one ended. Where nothing has changed it writes nothing but the lease.
 */
export async function applyRetention(
  ports: Ports,
  { retentionDays }: RetentionOptions,
  userId: UserId,
  stop: AbortSignal,
): Promise<{ readonly more: boolean }> {
  return withLease(ports, userId, stop, async (held) => {
    const before = held.state.retention ?? NEVER
    const nothingStored = held.state.erasure && (await ports.accounts.connection(userId)) === null
    if (nothingStored || !isRetentionDue(held.state, retentionDays)) return { more: false }
    const isUnderWay = before.goal === retentionDays
    let round: Retention = isUnderWay ? before : { ...NEVER, days: before.days, goal: retentionDays }
    const until = ports.clock.monotonic() + PIECE_MS
    do round = await nextPage(ports, held, round, retentionDays)
    while (round.goal !== null && ports.clock.monotonic() < until)
    await held.finish({
      retention: round,
      ...(round.goal === null ? reachOf(held, before, round, ports.clock.now()) : {}),
    })
    return { more: round.goal !== null }
  })
}

async function nextPage(ports: Ports, held: Held, round: Retention, retentionDays: number): Promise<Retention> {
  const { userId, check } = held
  check()
  const page = { after: round.through, limit: PAGE, retentionDays }
  const isLog = round.table === 'log'
  const through = isLog
    ? await ports.accounts.reexpireLog(userId, page, check)
    : await ports.readings.reexpire(userId, page, check)
  if (through !== null) return { ...round, through }
  return isLog ? { ...NEVER, days: retentionDays } : { ...round, table: 'log', through: null }
}

/**
 * Where readings are kept longer from now on, what was deleted under the shorter retention may still be Dexcom's. The
 * history is said to reach back only as far as it does, and the next reconciliation fetches from where it should.
 */
function reachOf({ state }: Held, before: Retention, after: Retention, nowMs: number): { history?: History } {
  const { history } = state
  const isLonger = before.days && after.days !== null && (after.days === 0 || after.days > before.days)
  if (!isLonger || history.state !== 'complete' || history.from === null) return {}
  const kept: Instant = toInstant(nowMs - (before.days ?? 0) * DAY_MS)
  return kept > history.from ? { history: { ...history, from: kept, through: kept } } : {}
}
