import { REGISTRY_SHARDS, registryShard, UserId } from '@bg-ingest/domain'
import type { RegistryEntry, UserRegistry } from '@bg-ingest/store/write'
import { UsageError } from '../usage-error.ts'

/** Everybody in the registry, part after part, in the same order at every call; behind `after`, where one is given. */
export async function* everybody(
  registry: Pick<UserRegistry, 'shard'>,
  after: UserId | null,
): AsyncGenerator<RegistryEntry> {
  const first = after === null ? 0 : REGISTRY_SHARDS.indexOf(registryShard(after))
  for (const shard of REGISTRY_SHARDS.slice(first)) {
    const entries = await registry.shard(shard)
    const sorted = [...entries].sort((a, b) => (a.userId < b.userId ? -1 : 1))
    const isBegun = after !== null && shard === registryShard(after)
    yield* isBegun ? sorted.filter(({ userId }) => userId > after) : sorted
  }
}

/** Where a list goes on. Throws UsageError. */
export function placeOf(after: string | null): UserId | null {
  if (after === null) return null
  const parsed = UserId.safeParse(after)
  if (parsed.success) return parsed.data
  throw new UsageError('--after takes the id that the list before ended with')
}
