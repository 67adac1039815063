import { applicationsFor, callsPerHour, LIMIT_PER_HOUR, SHARE } from './capacity-demand.ts'
import { type BenchResult, isFigure } from './result.ts'
import type { RunRecord } from './run-record.ts'
import { short } from './show-line.ts'
import { SYNC_OF_A_PAGE } from './sync-cpu.ts'

const POLL_SECONDS = 900
const US_PER_SECOND = 1e6
/** A worker is planned half loaded, as in docs/operations/capacity.md. */
const PLANNED = 0.5

/** What a core and a Dexcom application can do, reckoned from what was measured. */
export function capacityLines(byBench: ReadonlyMap<string, RunRecord>): readonly string[] {
  return ['## Capacity', '', ...perCore(byBench.get('sync-cpu')), ...perApplication(), '']
}

function perCore(record: RunRecord | undefined): readonly string[] {
  const line = record?.results.find((found): found is BenchResult => !isFigure(found) && found.name === SYNC_OF_A_PAGE)
  if (!line) return []
  const perSecond = US_PER_SECOND / line.cpuUs
  const people = perSecond * PLANNED * POLL_SECONDS
  return [
    `- **A core**: a poll with three new readings in a page of 26 h takes ${short(line.cpuUs)} us, so 1,000,000 / ${short(line.cpuUs)} = ` +
      `${short(perSecond)} polls a second; half loaded and at a poll in ${POLL_SECONDS} s, ${short(perSecond)} x ${PLANNED} x ${POLL_SECONDS} = ${short(people)} people.`,
  ]
}

function perApplication(): readonly string[] {
  const each = callsPerHour({ pollSeconds: POLL_SECONDS })
  const usable = LIMIT_PER_HOUR * SHARE
  const { usersEach } = applicationsFor(1e6, { pollSeconds: POLL_SECONDS })
  return [
    `- **A Dexcom application**: ${short(LIMIT_PER_HOUR)} calls an hour, of which the gate uses ${SHARE * 100} %: ${short(usable)}. A person takes ` +
      `3,600 / ${POLL_SECONDS} polls and 1.1 other calls an hour, ${each.toFixed(2)}; with a tenth left for imports and manual syncs ` +
      `${short(usable)} x 0.9 / ${each.toFixed(2)} = about ${short(usersEach)} people. [Capacity](operations/capacity.md) has the rest.`,
  ]
}
