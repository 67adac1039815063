import { randomUUID } from 'node:crypto'
import { type ConnectionStatus, registryShard, toInstant, type UserId } from '@bg-ingest/domain'
import type { Connection } from '@bg-ingest/ingest'
import { createLeadership, createParkedJobs, createRestoreMarker } from '@bg-ingest/queue'
import { createAccountWriter, createUserRegistry } from '@bg-ingest/store/write'
import { createReconciler, type ReconcilerNeeds, type ReconcilerTiming } from '@bg-ingest/worker/parts'
import type { TestDynamo } from './dynamo.ts'
import type { QueueBench } from './queue-bench.ts'

/** A whole cycle in each beat, and no patience with a tick that is late. */
const EAGER: ReconcilerTiming = { beatMs: 1_000, cycleMs: 1_000, graceMs: 300 }

/** The registry of a real store, the schedules of a real Redis, and processes that keep the two together. */
export function aFleet(dynamo: TestDynamo, bench: QueueBench, pollIntervalMs: number) {
  const client = dynamo.client()
  const accounts = createAccountWriter(client, dynamo.tables.accounts, Date.now)
  const stored = createUserRegistry(client, dynamo.tables.accounts)
  /** Parts in which nobody of this fleet can be are not asked for: 256 queries of DynamoDB Local take a second. */
  const parts = new Set<string>()
  const registry = { ...stored, shard: async (shard: string) => (parts.has(shard) ? stored.shard(shard) : []) }
  const polled: UserId[] = []
  const counted: Parameters<ReconcilerNeeds['onConnections']>[0][] = []
  const logged: string[] = []
  const log = (message: string) => void logged.push(message)

  const connection = (userId: UserId, over: Partial<Connection> = {}): Connection => ({
    userId,
    status: 'connected',
    region: 'default',
    connectedAt: toInstant(0),
    dexcomUserId: null,
    pollIntervalSeconds: null,
    paused: false,
    problem: null,
    tokens: null,
    refusals: null,
    codeId: null,
    notices: [],
    ...over,
  })
  const underLease = async <T>(userId: UserId, work: (lease: { id: string; fence: number }) => Promise<T>) => {
    const id = randomUUID()
    const taken = await accounts.takeLease(userId, id, { ttlMs: 60_000, revive: true })
    if (!taken) throw new Error('the lease is not free')
    const lease = { id, fence: taken.fence }
    try {
      return await work(lease)
    } finally {
      await accounts.finish(userId, lease, {}).catch(() => undefined)
    }
  }

  return {
    accounts,
    registry,
    polled,
    counted,
    logged,
    underLease,
    connect(userId: UserId, over: Partial<Connection> = {}) {
      parts.add(registryShard(userId))
      return underLease(userId, (lease) => accounts.createConnection(connection(userId, over) as never, lease))
    },
    become: (userId: UserId, status: ConnectionStatus, over: Partial<Connection> = {}) =>
      underLease(userId, (lease) => accounts.putConnection(connection(userId, { status, ...over }) as never, lease)),
    /** One more process that may lead. */
    reconciler: (over: Partial<ReconcilerNeeds> = {}, timing: Partial<ReconcilerTiming> = {}) =>
      createReconciler(
        {
          registry,
          schedules: bench.schedules,
          leadership: createLeadership(bench.work, {
            name: 'schedules',
            token: randomUUID(),
            ttlMs: 2_000,
            prefix: bench.prefix,
          }),
          marker: createRestoreMarker(bench.work, { prefix: bench.prefix }),
          requestPoll: async (userId) => void polled.push(userId),
          unpark: () => createParkedJobs(bench.work, { prefix: bench.prefix }).unpark(bench.queues, randomUUID),
          newId: randomUUID,
          onConnections: (counts) => void counted.push(counts),
          pollIntervalMs,
          now: Date.now,
          logger: { info: log, warn: log, error: log },
          ...over,
        },
        { ...EAGER, ...timing },
      ),
  }
}
