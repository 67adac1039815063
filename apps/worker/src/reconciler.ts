import { REGISTRY_SHARDS, type UserId } from '@bg-ingest/domain'
import type { Leadership, RestoreMarker, Schedules } from '@bg-ingest/queue'
import type { RegistryEntry, UserRegistry } from '@bg-ingest/store/write'
import type { Logger } from '@bg-ingest/telemetry'
import { type ConnectionCounts, countConnections } from './connection-counts.ts'
import { inParallel } from './in-parallel.ts'
import { checkShard, isPolled, type ShardCheckNeeds, scheduleOf } from './shard-check.ts'

export interface ReconcilerNeeds extends ShardCheckNeeds {
  readonly registry: UserRegistry
  readonly schedules: Pick<Schedules, 'inspect' | 'repair' | 'remove' | 'overdue' | 'ahead' | 'everybody' | 'touched'>
  readonly leadership: Leadership
  readonly marker: RestoreMarker
  /** Puts jobs that an older version could not read back; answers how many. */
  readonly unpark: () => Promise<number>
  readonly newId: () => string
  /** Told how many there are of each status, by the process that knows; null by one that does not know any more. */
  readonly onConnections: (counts: ConnectionCounts | null) => void
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

export interface ReconcilerTiming {
  /** A beat is an unhurried look: 10 s find a loss of Redis' data well within the minute that is promised. */
  readonly beatMs: number
  /** Every part of the registry is looked at once in this time. */
  readonly cycleMs: number
  /** How long a tick may be overdue before its chain counts as stopped. */
  readonly graceMs: number
}

export const RECONCILER_TIMING: ReconcilerTiming = { beatMs: 10_000, cycleMs: 900_000, graceMs: 5_000 }

export interface Reconciler {
  /** One look, by whoever leads. */
  beat(): Promise<void>
  /** Lets the next process lead. */
  close(): Promise<void>
}

const SHARDS_AT_A_TIME = 16
/** Chains stop one by one, if at all; a loss of all of them is found by the marker. */
const REVIVED_LIMIT = 200

/**
 * Keeps everybody polled who should be, whatever Redis has lost: one process of the fleet compares the registry with
 * the schedules, a few parts at each beat, and all of them at once when it begins to lead or the marker is gone.
 */
export function createReconciler(needs: ReconcilerNeeds, timing = RECONCILER_TIMING): Reconciler {
  const { leadership, marker, schedules, registry, logger } = needs
  const perBeat = Math.ceil((REGISTRY_SHARDS.length * timing.beatMs) / timing.cycleMs)
  const seen = new Map<string, readonly RegistryEntry[]>()
  let position = 0

  const check = async (shard: string) => {
    const { entries, restored, removed } = await checkShard(needs, shard)
    seen.set(shard, entries)
    return restored + removed
  }

  const checkAll = async () => {
    const startedAt = needs.now()
    const finish = await marker.begin(needs.newId())
    let changed = 0
    await inParallel(REGISTRY_SHARDS, SHARDS_AT_A_TIME, async (shard) => {
      if ((await leadership.hold()) !== 'kept') throw new Error('another process leads')
      changed += await check(shard)
    })
    await finish()
    logger.info('schedules compared with the registry', { changed, ms: needs.now() - startedAt })
  }

  const checkNext = async () => {
    const next = Array.from(
      { length: perBeat },
      (_, i) => REGISTRY_SHARDS[(position + i) % REGISTRY_SHARDS.length] ?? '',
    )
    const shards = [...new Set([...next, ...(await schedules.touched())])]
    await inParallel(shards, SHARDS_AT_A_TIME, check)
    position += perBeat
    if (position < REGISTRY_SHARDS.length) return
    position = 0
    await removeStrangers()
  }

  /** Schedules of people who are not in the registry: erased, or never connected after all. */
  const removeStrangers = async () => {
    const known = new Set([...seen.values()].flat().map(({ userId }) => userId))
    for await (const userIds of schedules.everybody())
      for (const userId of userIds)
        if (!known.has(userId) && (await registry.entry(userId)) === null) await schedules.remove(userId)
  }

  const revive = async () => {
    for (const userId of await schedules.overdue(timing.graceMs, REVIVED_LIMIT)) await reviveOne(userId, 'stopped')
    for (const userId of await schedules.ahead(REVIVED_LIMIT)) await reviveOne(userId, 'ahead')
  }

  const reviveOne = async (userId: UserId, fault: 'stopped' | 'ahead') => {
    const entry = await registry.entry(userId)
    if (!entry || !isPolled(entry)) return schedules.remove(userId)
    logger.error(fault === 'stopped' ? 'a schedule had stopped, it is revived' : 'a schedule is called back', {})
    await schedules.repair(scheduleOf(entry, needs.pollIntervalMs), fault)
    await needs.requestPoll(userId)
  }

  return {
    async beat() {
      const role = await leadership.hold()
      if (role === 'other') {
        seen.clear()
        return needs.onConnections(null)
      }
      if (role === 'taken' || !(await marker.isSet())) await checkAll()
      else await checkNext()
      await revive()
      const back = await needs.unpark()
      if (back > 0) logger.info('jobs of another version put back', { jobs: back })
      needs.onConnections(countConnections([...seen.values()].flat()))
    },
    close: () => leadership.release(),
  }
}
