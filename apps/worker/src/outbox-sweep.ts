import { REGISTRY_SHARDS, type UserId } from '@bg-ingest/domain'
import type { Leadership, OutboxTally, RoundCounter } from '@bg-ingest/queue'
import type { OutboxReader, UserRegistry } from '@bg-ingest/store/write'
import type { Logger } from '@bg-ingest/telemetry'
import { inParallel } from './in-parallel.ts'

export interface OutboxSweepNeeds {
  readonly registry: Pick<UserRegistry, 'shard'>
  readonly outbox: Pick<OutboxReader, 'waiting'>
  readonly tally: Pick<OutboxTally, 'note'>
  readonly leadership: Leadership
  /** How far the fleet has come; lost with Redis, and then begun again at the present part. */
  readonly counter: RoundCounter
  readonly requestPublication: (userId: UserId) => Promise<unknown>
  /** Whether this process can reach the broker; null where none is configured. */
  readonly connected: () => boolean | null
  readonly now: () => number
  readonly logger: Pick<Logger, 'info'>
}

export interface OutboxSweep {
  beat(): Promise<void>
  close(): Promise<void>
}

/** Once an hour each part of the registry, one part after the other: 14 s for each. */
const ROUND_MS = 3_600_000
const SLOT_MS = ROUND_MS / REGISTRY_SHARDS.length
const PARTS_AT_A_TIME = 4

/**
 * Finds whoever has something waiting for the broker, and asks for its publication: people that nobody polls any more, jobs
 * that were given up or that Redis lost. One process of the fleet looks at a part of the registry at a time, at all of it
 * within the hour, and at once when its broker is back. Whatever was missed while none looked is made up for.
 */
export function createOutboxSweep(needs: OutboxSweepNeeds): OutboxSweep {
  const { registry, outbox, tally, leadership, counter, requestPublication, connected, now, logger } = needs
  let wasAway = false

  const sweep = async (shard: string) => {
    const people = await outbox.waiting((await registry.shard(shard)).map(({ userId }) => userId))
    for (const { userId, logItems, notices } of people) {
      tally.note(userId, logItems)
      // Without a broker a job would only come back empty-handed.
      if (logItems + notices > 0 && connected()) await requestPublication(userId)
    }
  }

  const sweepAll = async () => {
    logger.info('the broker is back: everybody with something to tell is asked for', {})
    await inParallel(REGISTRY_SHARDS, PARTS_AT_A_TIME, async (shard) => {
      if ((await leadership.hold()) !== 'kept') throw new Error('another process leads')
      await sweep(shard)
    })
  }

  const sweepDue = async () => {
    const current = Math.floor(now() / SLOT_MS)
    const done = (await counter.read()) ?? current - 1
    for (let slot = Math.max(done + 1, current - REGISTRY_SHARDS.length + 1); slot <= current; slot += 1) {
      await sweep(REGISTRY_SHARDS[slot % REGISTRY_SHARDS.length] ?? '')
      await counter.write(slot)
    }
  }

  return {
    async beat() {
      const isBack = connected() === true
      if (connected() === false) wasAway = true
      if ((await leadership.hold()) === 'other') {
        // Whoever leads sees to it.
        wasAway = connected() === false
        return
      }
      if (wasAway && isBack) {
        await sweepAll()
        wasAway = false
      }
      await sweepDue()
    },
    close: () => leadership.release(),
  }
}
