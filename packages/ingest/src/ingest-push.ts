import { AppError, epochMs, NO_COUNTS, PushedPage, type SyncResult, toInstant, type UserId } from '@bg-ingest/domain'
import { commitMeasurements } from './commit.ts'
import { type Held, withLease } from './lease.ts'
import { newest } from './newest-reading.ts'
import type { Fetched, Ports } from './ports.ts'
import { adoptAndPublish } from './publish.ts'
import { step } from './steps.ts'

export interface PushRequest {
  readonly userId: UserId
  /** A PushedPage as JSON, sealed by the API under the field `pushed_readings`. */
  readonly sealed: string
}

export interface PushOutcome {
  readonly result: SyncResult
  /** Whether changes wait for the broker. */
  readonly unpublished: boolean
}

/**
 * Stores readings that were pushed to us: the road of a sync from the diff on, so that a reading that a poll has found
 * too is stored once. The cursor stays where it is: what came before these was not asked for.
 */
export async function ingestPush(ports: Ports, request: PushRequest, stop: AbortSignal): Promise<PushOutcome> {
  const startedAt = ports.clock.monotonic()
  return withLease(ports, request.userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const account = await connectedAccount(ports, held)
    const page = await readSealed(ports, request)
    if (page.dexcomUserId !== account) throw new AppError('wrong_account', "These are another account's readings")
    step('fetched')
    const done = await commitMeasurements(ports, held, page.measurements)
    await held.finish({ newestAt: newest(held.state.newestAt, page.measurements) })
    const rejected = tellSetAside(ports, page)
    const durationMs = Math.round(ports.clock.monotonic() - startedAt)
    return {
      result: {
        ...spanOf(page, ports.clock.now()),
        ...NO_COUNTS,
        fetched: page.fetched,
        rejected,
        ...done,
        durationMs,
      },
      unpublished: held.progress.published < held.progress.committed,
    }
  })
}

async function readSealed({ vault, dexcom }: Ports, { userId, sealed }: PushRequest): Promise<Fetched> {
  const plain = await vault.open(userId, 'pushed_readings', sealed)
  const { userId: dexcomUserId, records } = PushedPage.parse(JSON.parse(plain))
  return dexcom.readPushed(dexcomUserId, records)
}

/** The API has looked before it accepted; between then and now the person may have disconnected or connected anew. */
async function connectedAccount({ accounts }: Ports, held: Held): Promise<string | null> {
  held.check()
  const connection = await accounts.connection(held.userId)
  if (connection?.status !== 'connected') throw new AppError('not_connected', 'This person is not connected')
  if (connection.parkedAt) throw new AppError('not_connected', 'This person is parked')
  return connection.dexcomUserId
}

function tellSetAside({ observer }: Ports, { rejected, unknownValues }: Fetched): number {
  const count = [...rejected.values()].reduce((sum, one) => sum + one, 0)
  observer.readings('cgm', 'rejected', count)
  for (const [field, times] of unknownValues) observer.unknownValues(field, times)
  return count
}

/** From the oldest to the newest of the pushed readings; a push of nothing spans nothing. */
function spanOf({ measurements }: Fetched, nowMs: number): Pick<SyncResult, 'from' | 'to'> {
  const times = measurements.map(({ timestamp }) => epochMs(timestamp))
  const [from, to] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [nowMs, nowMs]
  return { from: toInstant(from), to: toInstant(to) }
}
