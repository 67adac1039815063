import { AppError, type ErrorCode, type UserId } from '@bg-ingest/domain'
import { configureUser, type Examined, type FindingKind, type Ports, restartHistory } from '@bg-ingest/ingest'
import type { JobProducer, ScheduleFault, Schedules } from '@bg-ingest/queue'
import { shouldBePolled } from './examination.ts'
import { scheduleOf } from './shard-check.ts'

export interface RepairNeeds {
  readonly ports: Ports
  readonly producer: Pick<JobProducer, 'enqueue'>
  readonly schedules: Pick<Schedules, 'repair' | 'remove'>
  readonly pollIntervalMs: number
  readonly newId: () => string
  readonly signal: AbortSignal
}

/** What was done about a finding, in words for people; null where nothing may be done without one. */
export type Repair = (userId: UserId, finding: FindingKind, examined: Examined) => Promise<string | null>

/** A lease that anybody holds has a smaller fence: what no connection stands behind may go whoever wrote it. */
const NOBODYS = { id: 'doctor', fence: Number.MAX_SAFE_INTEGER }

/** Does what is safe, and asks workers for the rest; never changes readings, numbers or tokens itself. */
export function createRepair(needs: RepairNeeds): Repair {
  const { ports, producer, schedules } = needs
  const reschedule =
    (fault: ScheduleFault) =>
    async (_userId: UserId, { connection }: Examined) => {
      if (!shouldBePolled(connection)) return null
      await schedules.repair(scheduleOf(connection, needs.pollIntervalMs), fault)
      return 'schedule set right'
    }
  const ask = (key: 'publishChanges' | 'reconcileUser' | 'applyRetention', said: string) => async (userId: UserId) => {
    await producer.enqueue(key, { v: 1, userId })
    return said
  }
  const register = async (userId: UserId, { connection }: Examined) => {
    if (!connection) {
      await ports.accounts.register(userId, null, NOBODYS)
      return 'registry entry removed'
    }
    // Registers whoever is there under the lease, and then says so of one who is not connected.
    await configureUser(ports, { userId }, needs.signal).catch(unless('not_connected'))
    return 'registry entry written'
  }
  const publish = ask('publishChanges', 'publication asked for')

  const deeds: Readonly<Record<FindingKind, (userId: UserId, examined: Examined) => Promise<string | null>>> = {
    unpublished: publish,
    erasure_untold: publish,
    lease_stuck: publish,
    tokens_unreadable: nothing,
    log_hole: nothing,
    log_overlap: nothing,
    reading_unlogged: nothing,
    reading_ahead: nothing,
    reading_missing: async (userId, { connection }) => {
      if (connection?.status !== 'connected') return null
      await restartHistory(ports, userId, needs.signal)
      await producer.enqueue('importHistory', { v: 1, userId })
      return 'import of the whole history asked for'
    },
    dexcom_differs: ask('reconcileUser', 'reconciliation asked for'),
    retention_differs: ask('applyRetention', 'new retention asked for'),
    erased_data: async (userId) => {
      await producer.enqueue('disconnectUser', { v: 1, userId, erase: true, requestId: needs.newId() })
      return 'erasure asked for once more'
    },
    registry_missing: register,
    registry_differs: register,
    registry_stranger: register,
    schedule_missing: reschedule('missing'),
    schedule_interval: reschedule('interval'),
    schedule_stopped: reschedule('stopped'),
    schedule_surplus: async (userId) => {
      await schedules.remove(userId)
      return 'schedule removed'
    },
  }
  return (userId, finding, examined) => whenFree(needs, () => deeds[finding](userId, examined))
}

const nothing = async () => null

const unless = (code: ErrorCode) => (err: unknown) => {
  if (AppError.from(err).code !== code) throw err
}

/** A run that one repair has asked for may hold the person when the next repair comes. */
const PATIENCE_MS = 20_000
const ASK_AGAIN_MS = 300

async function whenFree<T>({ ports }: RepairNeeds, work: () => Promise<T>): Promise<T> {
  const until = ports.clock.monotonic() + PATIENCE_MS
  for (;;) {
    try {
      return await work()
    } catch (err) {
      if (AppError.from(err).code !== 'lease_taken' || ports.clock.monotonic() >= until) throw err
      await ports.pause(ASK_AGAIN_MS)
    }
  }
}
