import { DAY_MS, REGISTRY_SHARDS, type UserId } from '@bg-ingest/domain'
import type { Leadership, RoundCounter } from '@bg-ingest/queue'
import type { UserRegistry } from '@bg-ingest/store/write'

export interface RoundNeeds {
  readonly registry: Pick<UserRegistry, 'shard'>
  readonly leadership: Leadership
  /** How far the fleet has come; lost with Redis, and then begun again at the present part. */
  readonly counter: RoundCounter
  /** Has a person examined after so many milliseconds. */
  readonly request: (userId: UserId, delayMs: number) => Promise<unknown>
  readonly now: () => number
}

/** Each part of the registry has its 337.5 s of the day. */
const SLOT_MS = DAY_MS / REGISTRY_SHARDS.length

/**
 * Has everybody in the registry examined once a day, one part after the other, each part's people spread over its share of
 * the day. One process of the fleet does; what was missed while none did is made up for, at most a day of it.
 */
export function createExaminationRounds({ registry, leadership, counter, request, now }: RoundNeeds) {
  return {
    async beat(): Promise<void> {
      if ((await leadership.hold()) === 'other') return
      const current = Math.floor(now() / SLOT_MS)
      const done = (await counter.read()) ?? current - 1
      for (let slot = Math.max(done + 1, current - REGISTRY_SHARDS.length + 1); slot <= current; slot += 1) {
        const entries = await registry.shard(REGISTRY_SHARDS[slot % REGISTRY_SHARDS.length] ?? '')
        for (const [i, { userId }] of entries.entries())
          await request(userId, Math.round((i / entries.length) * SLOT_MS))
        await counter.write(slot)
      }
    },
    close: () => leadership.release(),
  }
}
