import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readingKey, toInstant, toRanges, type UserId } from '@bg-ingest/domain'
import type { EventPublisher } from '@bg-ingest/events'
import { type Ports, publishChanges } from '@bg-ingest/ingest'
import { startDynamodb } from '@bg-ingest/local-stack'
import { provision } from '@bg-ingest/store/provision'
import { createAccountWriter, createDynamo, createReadingWriter, WRITE_LIMITS } from '@bg-ingest/store/write'
import { aStoredReading, aUserId } from '../support/build.ts'
import { freshTables, serverAt } from '../support/dynamo.ts'

/** As many as a worker tells at a time (queue: bg-maintenance). */
const AT_A_TIME = 5
const PEOPLE = 20
const RANGES_EACH = 50
const CHANGES_EACH = 5
const LEASE = { ttlMs: 15_000, revive: false }

/** Tells what waits of many people, a few at a time, until nothing does. */
export async function drainAll(waiting: readonly { readonly userId: UserId; readonly ports: Ports }[]): Promise<void> {
  const people = [...waiting]
  const lane = async () => {
    for (let next = people.shift(); next; next = people.shift())
      if ((await publishChanges(next.ports, next.userId, new AbortController().signal)).pending) people.push(next)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
}

export interface StoredBacklog {
  readonly name: string
  /** Tells all of it; answers how many changes that were. */
  drain(): Promise<number>
  /** Makes it wait once more. */
  rewind(): Promise<void>
  close(): Promise<void>
}

/** What an outage leaves behind: people whose log, state and readings lie in a DynamoDB on this machine. */
export async function openStoredBacklog(publisher: EventPublisher): Promise<StoredBacklog> {
  const dir = await mkdtemp(join(tmpdir(), 'bg-bench-dynamodb-'))
  const backend = await startDynamodb({ env: process.env, dir })
  const [server, tables] = [serverAt(backend.url), freshTables()]
  await provision({ server, tables, say: () => undefined })
  const client = createDynamo({ ...server, ...WRITE_LIMITS, onUnits: () => undefined })
  const accounts = createAccountWriter(client, tables.accounts, Date.now)
  const readings = createReadingWriter(client, { table: tables.readings, retentionDays: 0, now: Date.now })
  const ports = {
    accounts,
    readings,
    publisher,
    newId: () => crypto.randomUUID(),
    clock: { now: Date.now, monotonic: () => performance.now() },
  } as unknown as Ports
  const people = Array.from({ length: PEOPLE }, () => aUserId('drain'))

  const inLease = async (userId: UserId, work: (lease: { id: string; fence: number }) => Promise<object>) => {
    const id = crypto.randomUUID()
    const taken = await accounts.takeLease(userId, id, LEASE)
    if (!taken) throw new Error('somebody holds this person')
    const lease = { id, fence: taken.fence }
    await accounts.finish(userId, lease, await work(lease))
  }
  const store = (userId: UserId) =>
    inLease(userId, async (lease) => {
      const last = RANGES_EACH * CHANGES_EACH
      const stored = Array.from({ length: last }, (_, i) => aStoredReading({ userId, sequence: i + 1 }))
      await readings.writeAbsent(lease, stored, () => undefined)
      const ranges = Array.from({ length: RANGES_EACH }, (_, range) => {
        const told = stored.slice(range * CHANGES_EACH, (range + 1) * CHANGES_EACH)
        const changes = told.map((reading) => ({
          sequence: reading.sequence,
          kind: 'created' as const,
          key: readingKey(reading),
        }))
        return toRanges(changes, toInstant(Date.now()))
      })
      await accounts.appendRanges(userId, lease, ranges.flat())
      return { committedSequence: last }
    })
  // One after the other: a DynamoDB on this machine that is flooded answers nobody in time.
  for (const userId of people) await store(userId)

  return {
    name: `${PEOPLE} people with ${RANGES_EACH} messages of ${CHANGES_EACH} in DynamoDB (${backend.name}), in changes`,
    async drain() {
      await drainAll(people.map((userId) => ({ userId, ports })))
      return PEOPLE * RANGES_EACH * CHANGES_EACH
    },
    async rewind() {
      for (const userId of people) await inLease(userId, async () => ({ publishedSequence: 0 }))
    },
    async close() {
      client.destroy()
      await backend.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
