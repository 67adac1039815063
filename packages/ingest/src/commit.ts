import {
  type Counts,
  changeBytes,
  type Deletion,
  epochMs,
  type Measurement,
  READING_TYPES,
  type StoredReading,
  toInstant,
  toRanges,
  type Window,
} from '@bg-ingest/domain'
import { type Diff, type Difference, diffReadings } from './diff.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'
import { publishFresh } from './publish.ts'
import { NOTHING_SEEN, type SeenBefore, toCompare } from './seen-digest.ts'
import { spansToRead } from './spans.ts'
import { step } from './steps.ts'
import { vanishedFrom } from './vanished.ts'

interface Asked {
  /** Readings that Dexcom has taken back. */
  readonly deletions?: readonly Deletion[]
  /** The window that was asked for; fingersticks are looked up in the whole of it, because they may have moved. */
  readonly window?: Window
  /** What need not be looked up. */
  readonly seen?: SeenBefore
}

/** Stores what is new among these measurements: diff, claim, write, publish. Answers what it did. */
export async function commitMeasurements(
  ports: Ports,
  held: Held,
  measurements: readonly Measurement[],
  { deletions = [], window, seen = NOTHING_SEEN }: Asked = {},
): Promise<Pick<Counts, 'stored' | 'updated' | 'unchanged'>> {
  const compared = toCompare({ measurements, deletions }, seen)
  const { differences, unchanged } = await compareWithStore(ports, held, compared, window)
  if (differences.length > 0) await writeDifferences(ports, held, differences)
  const looked = new Set(compared.measurements)
  return report(ports, {
    differences,
    unchanged: [...unchanged, ...measurements.filter((measurement) => !looked.has(measurement))],
  })
}

interface Records {
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
}

/** What of these records is not stored as it is. Reads, and writes nothing. */
export async function compareWithStore(ports: Ports, held: Held, records: Records, window?: Window): Promise<Diff> {
  const stored = await storedIn(ports, held, spansToRead(records, window))
  return diffReadings(records.measurements, stored, held.progress.committed, records.deletions)
}

/** The same for the whole of a window, with what is stored of it and Dexcom shows no more. */
export async function compareWindowWithStore(
  ports: Ports,
  held: Held,
  { measurements, deletions }: Records,
  window: Window,
): Promise<Diff & { readonly vanished: readonly StoredReading[] }> {
  const stored = await storedIn(ports, held, [window])
  const diff = diffReadings(measurements, stored, held.progress.committed, deletions)
  return { ...diff, vanished: vanishedFrom(measurements, stored) }
}

async function storedIn({ readings }: Ports, held: Held, spans: readonly Window[]) {
  held.check()
  const found = await Promise.all(spans.map((span) => readings.between(held.userId, span)))
  return new Map(found.flatMap((part) => [...part]))
}

async function writeDifferences(ports: Ports, held: Held, differences: readonly Difference[]): Promise<void> {
  const at = toInstant(ports.clock.now())
  const first = held.progress.committed + 1
  const readings = differences.map(
    ({ measurement, revision, kind }, index): StoredReading => ({
      ...measurement,
      userId: held.userId,
      sequence: first + index,
      revision,
      receivedAt: at,
      ...(kind === 'deleted' ? { deleted: true } : {}),
    }),
  )
  const changes = differences.map(({ key, kind }, index) => ({ sequence: first + index, kind, key }))
  const ranges = toRanges(changes, at, (_, index) => {
    const reading = readings[index]
    return reading ? changeBytes(reading) : 0
  })

  held.check()
  await ports.accounts.appendRanges(held.userId, held.lease, ranges)
  step('claimed')
  held.check()
  // A batch has no conditions, so it may write only what the diff, under this very lease, found absent.
  const absentOnly =
    differences.length > FEW && differences.every(({ kind, revision }) => kind === 'created' && revision === 1)
  const stillHeld = () => {
    step('writing')
    held.check()
  }
  if (absentOnly) await ports.readings.writeAbsent(held.lease, readings, stillHeld)
  else await ports.readings.write(held.lease, readings, stillHeld)
  step('written')
  held.progress.committed = first + differences.length - 1
  await publishFresh(ports, held, ranges, readings)
}

/** Up to here each reading is written by a conditional put of its own: a poll's three, and a few hours of backlog. */
const FEW = 50

function report({ observer, clock }: Ports, { differences, unchanged }: Diff) {
  const now = clock.now()
  const created = differences.filter(({ kind }) => kind === 'created')
  const updated = differences.filter(({ kind }) => kind !== 'created')
  // Counted by type, not one by one: a poll's page has 300 that are unchanged, of one type.
  for (const type of READING_TYPES) {
    const tell = (result: 'stored' | 'updated' | 'unchanged', count: number) => {
      if (count > 0) observer.readings(type, result, count)
    }
    tell('stored', created.filter(({ measurement }) => measurement.type === type).length)
    tell('updated', updated.filter(({ measurement }) => measurement.type === type).length)
    tell('unchanged', unchanged.filter((measurement) => measurement.type === type).length)
  }
  for (const { measurement, kind } of differences)
    if (kind !== 'deleted') observer.readingLag((now - epochMs(measurement.timestamp)) / 1000)
  return { stored: created.length, updated: updated.length, unchanged: unchanged.length }
}
