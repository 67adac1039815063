import { toInstant, type UserId } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import { type Held, withLease, withLeaseWhenFree } from './lease.ts'
import type { Ports } from './ports.ts'
import type { Erasure } from './state.ts'
import { tellErased } from './tell-erased.ts'

/**
 * Deletes everything stored of a person. First it is written down that it happens, and the tokens go, so that nobody
 * fetches again; then readings, log and connection; last the state becomes a tombstone that keeps fence and erasure.
 * Safe to repeat from any step: it goes on as the same erasure, and over a tombstone deletes what came too late. Where
 * the broker does not take the news, `told` is false, and `publishChanges` tells it.
 */
export async function eraseUser(ports: Ports, userId: UserId, stop: AbortSignal): Promise<Erasure> {
  const begun = await withLease(ports, userId, stop, (held) => begin(ports, held))
  return withLease(ports, userId, stop, (held) => sweep(ports, held, begun))
}

/**
 * Deletes once more what is left of a person or came too late, as part of the same erasure: a call of a frozen worker may
 * have landed behind the first. Null, and nothing is deleted, where the person has come back.
 */
export async function sweepErased(
  ports: Ports,
  { userId, id }: { readonly userId: UserId; readonly id: string },
  stop: AbortSignal,
): Promise<Erasure | null> {
  return withLease(ports, userId, stop, async (held) => {
    const { erasure } = held.state
    const isBack = (await ports.accounts.connection(userId)) !== null
    return erasure?.id === id && !isBack ? sweep(ports, held, erasure) : null
  })
}

/**
 * Deletes what a run that has lost its lease wrote behind an erasure, and answers how many readings that were: a process
 * that was frozen between its last check and the socket writes when it wakes. Costs one read where nobody was erased.
 */
export async function eraseLateWrites(ports: Ports, userId: UserId, stop: AbortSignal): Promise<number> {
  const isGone = async () => (await ports.accounts.connection(userId)) === null
  // An erasure that still runs sweeps behind this.
  if (!(await isGone())) return 0
  return withLeaseWhenFree(ports, userId, stop, async (held) => {
    const { erasure } = held.state
    if (!erasure?.entombed || !(await isGone())) return 0
    return (await sweep(ports, held, erasure)).readings - erasure.readings
  })
}

async function begin(ports: Ports, held: Held): Promise<Erasure> {
  const { accounts, readings } = ports
  const { userId, lease } = held
  const connection = await accounts.connection(userId)
  const before = held.state.erasure
  // Over a tombstone a connection can only be a later one: the person came back, and this is another erasure.
  const isSame = before && !(before.entombed && connection)
  if (connection) await accounts.putConnection(ended(connection), lease)
  if (isSame) return before
  const erasure: Erasure = {
    id: ports.newId(),
    at: toInstant(ports.clock.now()),
    readings: await readings.count(userId),
    logItems: await accounts.countLog(userId),
    told: false,
    entombed: false,
    receipt: null,
  }
  await held.finish({ erasure })
  return erasure
}

/** Code of the problem that a connection has while everything of the person is being deleted. */
export const ERASING = 'erasing'

const ended = (connection: Connection): Connection => ({
  ...connection,
  status: 'disconnected',
  tokens: null,
  problem: { code: ERASING, detail: 'Everything stored of this person is being deleted.' },
  notices: [],
})

async function sweep(ports: Ports, held: Held, begun: Erasure): Promise<Erasure> {
  const { accounts, readings } = ports
  const { userId, lease, check } = held
  const deleted = await readings.eraseAll(userId, check)
  await accounts.eraseLog(userId, check)
  await ports.digests?.forget(userId).catch(() => undefined)
  check()
  const told = begun.told || (await tellErased(ports, userId, begun))
  check()
  // Who is not in the registry is never looked at again by itself, and this is still to be told.
  if (!told) await accounts.register(userId, nobody(userId), lease)
  const erasure: Erasure = {
    ...begun,
    // What an earlier try has deleted was counted before; what landed on a tombstone comes on top.
    readings: begun.entombed ? begun.readings + deleted : Math.max(begun.readings, deleted),
    told,
    entombed: true,
  }
  check()
  await accounts.entomb(userId, lease, erasure)
  held.forget()
  return erasure
}

const nobody = (userId: UserId): Connection => ({
  userId,
  status: 'disconnected',
  region: '',
  connectedAt: null,
  dexcomUserId: null,
  pollIntervalSeconds: null,
  paused: false,
  problem: null,
  tokens: null,
  refusals: null,
  codeId: null,
  notices: [],
})

/**
 * Keeps the receipt of an erasure on its tombstone, for the tombstone's time, and answers with the one that counts: an
 * earlier one, where the erasure was run again. Where the person has come back nothing is kept.
 */
export async function keepReceipt(
  ports: Ports,
  { userId, id, receipt }: { readonly userId: UserId; readonly id: string; readonly receipt: Record<string, unknown> },
  stop: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  return withLease(ports, userId, stop, async (held) => {
    const { erasure } = held.state
    if (!erasure?.entombed || erasure.id !== id) return receipt
    if (erasure.receipt) return erasure.receipt
    await held.finish({ erasure: { ...erasure, receipt } })
    return receipt
  })
}
