import type { AuditTrail } from '@bg-ingest/audit'
import type { UserId } from '@bg-ingest/domain'
import type { AccountStore, Connection } from '@bg-ingest/ingest'

/** What a part of a worker needs to put something on record. */
export interface AuditNeeds {
  readonly trail: Pick<AuditTrail, 'record' | 'tally' | 'flush'>
  readonly hashUser: (userId: UserId) => string
  /** Ids of the work that runs. */
  readonly idsHere: () => { readonly requestId?: string; readonly jobId?: string }
  readonly actor: string
}

/**
 * The store of accounts, through which every change of a person's data and of their tokens goes: each is on record before
 * it happens, so that no crash leaves one without (I21). Changes of data are on the stream by then, and in the table within
 * a minute; tokens and the end of a connection in the table as well (ADR 17).
 */
export function auditAccounts(accounts: AccountStore, { trail, hashUser, idsHere, actor }: AuditNeeds): AccountStore {
  /** What was committed when the lease was taken, by the lease. */
  const committedAt = new Map<string, number>()
  return {
    ...accounts,
    async takeLease(userId, leaseId, options) {
      const taken = await accounts.takeLease(userId, leaseId, options)
      if (taken) committedAt.set(leaseId, taken.state.committedSequence)
      return taken
    },
    async finish(userId, lease, patch) {
      const before = committedAt.get(lease.id)
      committedAt.delete(lease.id)
      const through = patch.committedSequence
      if (before !== undefined && through !== undefined && through > before)
        trail.record({
          action: 'readings.changed',
          actor,
          outcome: 'ok',
          object: hashUser(userId),
          ...idsHere(),
          facts: { from: before + 1, through },
        })
      return accounts.finish(userId, lease, patch)
    },
    async entomb(userId, lease, erasure) {
      committedAt.delete(lease.id)
      return accounts.entomb(userId, lease, erasure)
    },
    async putConnection(connection, lease, before) {
      const action = weighty(connection, before)
      if (action) {
        trail.record({ action, actor, outcome: 'begun', object: hashUser(connection.userId), ...idsHere() })
        await trail.flush()
      }
      return accounts.putConnection(connection, lease, before)
    },
  }
}

/** What has to be on record for good before it is written; null for the rest, which the job that does it records. */
function weighty(
  { status, tokens, parkedAt }: Connection,
  before: Parameters<AccountStore['putConnection']>[2],
): string | null {
  if (status === 'needs_reauth') return 'connection.needs_reauth'
  // The intent to spend a refresh token; what is written after it has another number of presentations before it.
  if (tokens && before && tokens.presentations === before.presentations + 1) return 'token.presented'
  return parkedAt && !before ? 'connection.parked' : null
}
