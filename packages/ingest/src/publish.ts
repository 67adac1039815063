import {
  type ChangeRange,
  type ReadingKey,
  readingKeys,
  type StoredReading,
  serviceEvent,
  toPublicReading,
  type UserId,
} from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import type { Held } from './lease.ts'
import { waitingNotices } from './notices.ts'
import type { OutgoingEvent, Ports } from './ports.ts'
import { step } from './steps.ts'

/** Log items adopted at a time: 50 of at most 200 changes are half a megabyte. */
const RANGES_PER_PAGE = 50
/** Log items told at a time, with the readings that they name: 10 of at most 200 are some 2 MB for each run under way. */
const TOLD_AT_A_TIME = 10
/** What one run tells of a backlog before others have their turn: a month of readings, under a second. */
const TOLD_PER_RUN = 50

type Readings = ReadonlyMap<ReadingKey, StoredReading>

/**
 * Takes over what a crashed run left, and publishes what the broker has not confirmed. Log items above the committed
 * sequence were claimed by a run that did not finish: those of their readings that exist are told with their number;
 * the rest is fetched again, because the cursor had not moved, and gets a new one. A put of that run may still be under
 * way, so its missing keys are sealed first: what has not landed by then never will.
 */
export async function adoptAndPublish(ports: Ports, held: Held): Promise<void> {
  for (;;) {
    held.check()
    const ranges = await ports.accounts.rangesAfter(held.userId, held.progress.committed, RANGES_PER_PAGE)
    const last = ranges.at(-1)
    if (!last) break
    await ports.readings.seal(held.userId, held.lease, claimsOf(ranges), held.check)
    // Not before: a run that fails keeps this number, and nobody would seal these keys again.
    held.progress.committed = last.last
  }
  step('adopted')
  await publishPending(ports, held)
  step('caught-up')
}

/** The highest sequence claimed for each key. */
const claimsOf = (ranges: readonly ChangeRange[]): ReadonlyMap<ReadingKey, number> =>
  new Map(ranges.flatMap(({ changes }) => changes.map(({ key, sequence }) => [key, sequence] as const)))

/**
 * Publishes, in order, committed ranges that the broker has not confirmed, as many as one run may. Stops quietly where the
 * broker does.
 */
async function publishPending(ports: Ports, held: Held): Promise<void> {
  for (let told = 0; told < TOLD_PER_RUN && held.progress.published < held.progress.committed; ) {
    held.check()
    const waiting = await ports.accounts.rangesAfter(held.userId, held.progress.published, TOLD_AT_A_TIME)
    // A frozen run may claim late; what it claimed is adopted by the next run, not told half-way by this one.
    const ranges = waiting.filter(({ last }) => last <= held.progress.committed)
    if (ranges.length === 0) {
      // What waited for the broker until its readings were past retention has expired, and is told to nobody.
      held.progress.published = held.progress.committed
      return
    }
    if (!(await publishRanges(ports, held, ranges, await readingsOf(ports, held.userId, ranges)))) return
    told += ranges.length
  }
}

/** Those of the readings which these ranges name that still exist. */
export function readingsOf(ports: Ports, userId: UserId, ranges: readonly ChangeRange[]): Promise<Readings> {
  const keys = new Set(ranges.flatMap(({ changes }) => changes.map(({ key }) => key)))
  return ports.readings.byKeys(userId, [...keys])
}

/** Publishes ranges that this run has just written; behind older ones that still wait, they wait too. */
export async function publishFresh(
  ports: Ports,
  held: Held,
  ranges: readonly ChangeRange[],
  written: readonly StoredReading[],
): Promise<void> {
  const [first] = ranges
  if (!first || held.progress.published !== first.first - 1) return
  const keyOf = readingKeys()
  const readings = new Map(written.map((reading) => [keyOf(reading), reading]))
  await publishRanges(ports, held, ranges, readings)
}

/** True if the broker took them all. */
async function publishRanges(
  ports: Ports,
  held: Held,
  ranges: readonly ChangeRange[],
  readings: Readings,
): Promise<boolean> {
  const events = ranges.map((range) => changedEvent(held.userId, range, readings))
  held.check()
  const confirmed = ports.publisher.publishInOrder(events)
  step('publishing')
  const taken = await confirmed
  if (taken > 0) step('published')
  const last = ranges[taken - 1]
  if (last) held.progress.published = last.last
  return taken === ranges.length
}

/** One log item is one message. A change whose reading has moved on to a higher sequence is told there, not here. */
export function changedEvent(
  userId: UserId,
  range: ChangeRange,
  readings: Readings,
): OutgoingEvent<'readings.changed'> {
  const changes = range.changes.flatMap(({ sequence, kind, key }) => {
    const reading = readings.get(key)
    return reading?.sequence === sequence ? [{ sequence, kind, reading: toPublicReading(reading) }] : []
  })
  return {
    routingKey: 'readings.changed',
    event: serviceEvent({
      routingKey: 'readings.changed',
      time: range.at,
      // The instant besides: after an erasure a person's ranges begin at 1 again, and those are other events.
      identity: `${range.first}-${range.last}@${range.at}`,
      data: { userId, fromSequence: range.first, toSequence: range.last, changes },
    }),
  }
}

/** Publishes the connection's waiting notices and strikes out what the broker took. */
export async function publishNotices(ports: Ports, held: Held, connection: Connection): Promise<Connection> {
  if (connection.notices.length === 0) return connection
  const events = waitingNotices(connection)
  held.check()
  const taken = await ports.publisher.publishInOrder(events)
  if (taken === 0) return connection
  const left = { ...connection, notices: connection.notices.slice(taken) }
  held.check()
  await ports.accounts.putConnection(left, held.lease)
  return left
}
