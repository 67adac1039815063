import type { UserId } from '@bg-ingest/domain'
import type { SealedTokens } from './connection.ts'
import { withLeaseWhenFree } from './lease.ts'
import type { Ports } from './ports.ts'

/** What became of a person's tokens: `none` for whoever has none, `in_doubt` where they have to be left for now. */
export type Resealed = 'resealed' | 'current' | 'none' | 'in_doubt'

/**
 * Seals a person's tokens anew where they are sealed with another key than new ones are. Nothing is asked of Dexcom, and
 * polls go on: under the lease, like every write of tokens. Throws `token_unreadable` where no key opens them.
 */
export async function resealGrant(
  ports: Ports,
  { userId, isCurrent }: { readonly userId: UserId; readonly isCurrent: (sealed: string) => boolean },
  stop: AbortSignal,
): Promise<Resealed> {
  const isDone = ({ access, refresh }: SealedTokens) => isCurrent(access) && isCurrent(refresh)
  const { tokens: seen } = (await ports.accounts.connection(userId)) ?? {}
  // Most have been renewed by a poll since; those cost a read and no lease.
  if (!seen || isDone(seen)) return seen ? 'current' : 'none'
  return withLeaseWhenFree(ports, userId, stop, async (held) => {
    const connection = await ports.accounts.connection(userId)
    const tokens = connection?.tokens
    if (!connection || !tokens || isDone(tokens)) return tokens ? 'current' : 'none'
    // A late run that was granted its successor knows it by the text that it has read: that one must not change now.
    if (tokens.presentations > 0) return 'in_doubt'
    const { vault } = ports
    const anew = async (field: string, sealed: string) =>
      vault.seal(userId, field, await vault.open(userId, field, sealed))
    const [access, refresh] = await Promise.all([
      anew('access_token', tokens.access),
      anew('refresh_token', tokens.refresh),
    ])
    held.check()
    const resealed = { ...tokens, access, refresh, stamp: ports.newId() }
    await ports.accounts.putConnection({ ...connection, tokens: resealed }, held.lease, tokens)
    return 'resealed'
  })
}
