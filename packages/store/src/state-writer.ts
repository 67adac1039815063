import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { UserId } from '@bg-ingest/domain'
import { type AccountErasure, type AccountState, parseState } from './account-codec.ts'
import { steady } from './attempts.ts'
import { holds, leaseLost } from './conditional.ts'
import { STATE } from './keys.ts'

export interface Lease {
  readonly id: string
  readonly fence: number
  /** Throws once the lease is over; asked before every try of a write under it. */
  readonly stillHeld?: () => void
}

interface LeaseOptions {
  readonly ttlMs: number
  /** Somebody connects: a tombstone that is about to expire stays for another day, in which they can. */
  readonly revive: boolean
}

export interface StateWriter {
  takeLease(
    userId: UserId,
    leaseId: string,
    options: LeaseOptions,
  ): Promise<{ fence: number; state: AccountState; finishedLeaseId: string | null } | null>
  renewLease(userId: UserId, lease: Lease, ttlMs: number): Promise<boolean>
  finish(userId: UserId, lease: Lease, patch: Partial<AccountState>): Promise<void>
  entomb(userId: UserId, lease: Lease, erasure?: AccountErasure): Promise<void>
}

/** How long a tombstone keeps late writers out; the oldest job in flight is hours old at most. */
const TOMBSTONE_SECONDS = 30 * 86_400
/** What a tombstone still has to live while somebody connects; DynamoDB deletes at any time after the end. */
const REVIVAL_SECONDS = 86_400

const FINISHED = 'finishedLeaseId = :id, finishedBefore = if_not_exists(finishedLeaseId, :nobody)'

/** Lease and state of a person: one item, so that one conditional update both moves the state and ends the lease. */
export function createStateWriter(once: DynamoDBDocumentClient, table: string, now: () => number): StateWriter {
  const client = steady(once)
  const key = (userId: UserId) => ({ TableName: table, Key: { userId, item: STATE } })

  const read = async (userId: UserId) =>
    (await client.send(new GetCommand({ ...key(userId), ConsistentRead: true }))).Item

  /** Whether a first try, the answer of which was lost, has ended this lease; others may have come and gone since. */
  const wasOurs = async (userId: UserId, { id }: Lease) => {
    const item = await read(userId)
    return item?.['finishedLeaseId'] === id || item?.['finishedBefore'] === id
  }

  const keepTombstone = async (userId: UserId, { expiresAt, leaseId }: Record<string, unknown>) => {
    const enough = Math.floor(now() / 1000) + REVIVAL_SECONDS
    if (typeof expiresAt !== 'number' || expiresAt >= enough) return
    const keep = new UpdateCommand({
      ...key(userId),
      UpdateExpression: 'SET expiresAt = :enough',
      ConditionExpression: 'leaseId = :id AND attribute_exists(expiresAt)',
      ExpressionAttributeValues: { ':enough': enough, ':id': leaseId },
    })
    if (!(await holds(client.send(keep)))) throw leaseLost()
  }

  return {
    async takeLease(userId, leaseId, { ttlMs, revive }) {
      const take = new UpdateCommand({
        ...key(userId),
        UpdateExpression: 'SET leaseId = :id, leaseExpiresAt = :expires ADD fence :one',
        ConditionExpression: 'attribute_not_exists(leaseId) OR leaseExpiresAt < :now',
        ExpressionAttributeValues: { ':id': leaseId, ':expires': now() + ttlMs, ':now': now(), ':one': 1 },
        ReturnValues: 'ALL_NEW',
      })
      let item: Record<string, unknown> | undefined
      const taken = await holds(client.send(take).then(({ Attributes }) => (item = Attributes)))
      // The SDK repeats a call whose answer was lost, and the repeat finds the lease taken: by us, if the id is ours.
      if (!taken) item = await read(userId)
      if (!item || item['leaseId'] !== leaseId) return null
      if (revive) await keepTombstone(userId, item)
      const finished: unknown = item['finishedLeaseId']
      return {
        fence: Number(item['fence']),
        state: parseState(item),
        finishedLeaseId: typeof finished === 'string' ? finished : null,
      }
    },

    async renewLease(userId, lease, ttlMs) {
      const renew = new UpdateCommand({
        ...key(userId),
        UpdateExpression: 'SET leaseExpiresAt = :expires',
        // A try that was overtaken by a later renewal must not shorten what that one gave.
        ConditionExpression: 'leaseId = :id AND fence = :fence AND leaseExpiresAt <= :expires',
        ExpressionAttributeValues: { ':expires': now() + ttlMs, ':id': lease.id, ':fence': lease.fence },
      })
      if (await holds(steady(client, lease.stillHeld).send(renew))) return true
      const item = await read(userId)
      return item?.['leaseId'] === lease.id && item['fence'] === lease.fence
    },

    async finish(userId, lease, patch) {
      const isAlive = patch.erasure === null
      const fields = Object.entries(patch).filter(
        ([name, value]) => value !== undefined && !(isAlive && name === 'erasure'),
      )
      const gone = ['leaseId', 'leaseExpiresAt', ...(isAlive ? ['erasure', 'expiresAt'] : [])]
      const finish = new UpdateCommand({
        ...key(userId),
        UpdateExpression: `SET ${[FINISHED, ...fields.map((_, i) => `#f${i} = :f${i}`)].join(', ')} REMOVE ${gone.join(', ')}`,
        ConditionExpression: 'leaseId = :id AND fence = :fence',
        ...(fields.length > 0
          ? { ExpressionAttributeNames: Object.fromEntries(fields.map(([name], i) => [`#f${i}`, name])) }
          : {}),
        ExpressionAttributeValues: {
          ':id': lease.id,
          ':fence': lease.fence,
          ':nobody': '',
          ...Object.fromEntries(fields.map(([, value], i) => [`:f${i}`, value])),
        },
      })
      if (await holds(client.send(finish))) return
      if (!(await wasOurs(userId, lease))) throw leaseLost()
    },

    async entomb(userId, lease, erasure) {
      const put = new PutCommand({
        TableName: table,
        Item: {
          userId,
          item: STATE,
          fence: lease.fence,
          finishedLeaseId: lease.id,
          ...(erasure ? { erasure } : {}),
          expiresAt: Math.floor(now() / 1000) + TOMBSTONE_SECONDS,
        },
        ConditionExpression: 'leaseId = :id AND fence = :fence',
        ExpressionAttributeValues: { ':id': lease.id, ':fence': lease.fence },
      })
      if (await holds(client.send(put))) return
      if (!(await wasOurs(userId, lease))) throw leaseLost()
    },
  }
}
