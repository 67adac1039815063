import { type Counts, epochMs, type Measurement, type StoredReading, toInstant, toRanges } from '@bg-ingest/domain'
import { type Diff, type Difference, diffReadings } from './diff.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'
import { publishFresh } from './publish.ts'
import { step } from './steps.ts'

/** Neighbours of a window that the diff looks at besides: twins lie seconds apart, clocks drift by less than a minute. */
const MARGIN_MS = 60_000

/** Stores what is new among these measurements: diff, claim, write, publish. Answers what it did. */
export async function commitMeasurements(
  ports: Ports,
  held: Held,
  measurements: readonly Measurement[],
): Promise<Pick<Counts, 'stored' | 'updated' | 'unchanged'>> {
  if (measurements.length === 0) return { stored: 0, updated: 0, unchanged: 0 }
  held.check()
  const stored = await ports.readings.between(held.userId, spanOf(measurements))
  const diff = diffReadings(measurements, stored, held.progress.committed)
  if (diff.differences.length > 0) await writeDifferences(ports, held, diff.differences)
  return report(ports, diff)
}

async function writeDifferences(ports: Ports, held: Held, differences: readonly Difference[]): Promise<void> {
  const at = toInstant(ports.clock.now())
  const first = held.progress.committed + 1
  const readings = differences.map(
    ({ measurement, revision }, index): StoredReading => ({
      ...measurement,
      userId: held.userId,
      sequence: first + index,
      revision,
      receivedAt: at,
    }),
  )
  const changes = differences.map(({ key, kind }, index) => ({ sequence: first + index, kind, key }))
  const ranges = toRanges(changes, at)

  held.check()
  await ports.accounts.appendRanges(held.userId, held.lease, ranges)
  step('claimed')
  held.check()
  // A batch has no conditions, so it may write only what the diff, under this very lease, found absent.
  const absentOnly =
    differences.length > FEW && differences.every(({ kind, revision }) => kind === 'created' && revision === 1)
  if (absentOnly) await ports.readings.writeAbsent(held.lease, readings, held.check)
  else await ports.readings.write(held.lease, readings, held.check)
  step('written')
  held.progress.committed = first + differences.length - 1
  await publishFresh(ports, held, ranges, readings)
  step('published')
}

/** Up to here each reading is written by a conditional put of its own: a poll's three, and a few hours of backlog. */
const FEW = 50

function spanOf(measurements: readonly Measurement[]) {
  const times = measurements.map(({ timestamp }) => epochMs(timestamp))
  const from = times.reduce((a, b) => Math.min(a, b))
  const to = times.reduce((a, b) => Math.max(a, b))
  return { fromMs: from - MARGIN_MS, toMs: to + MARGIN_MS }
}

function report({ observer, clock }: Ports, { differences, unchanged }: Diff) {
  for (const { measurement, kind } of differences) {
    observer.readings(measurement.type, kind === 'created' ? 'stored' : 'updated', 1)
    observer.readingLag((clock.now() - epochMs(measurement.timestamp)) / 1000)
  }
  for (const { type } of unchanged) observer.readings(type, 'unchanged', 1)
  const created = differences.filter(({ kind }) => kind === 'created').length
  return { stored: created, updated: differences.length - created, unchanged: unchanged.length }
}
