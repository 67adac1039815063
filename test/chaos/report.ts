import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Results } from './play.ts'

/** Where and of what a run was made; no name of a machine. */
export interface Setting {
  readonly seed: number
  readonly commit: string
  readonly startedAt: string
  readonly durationMs: number
}

const BYTES_PER_GIB = 1_073_741_824
const machine = () =>
  `${cpus().length} cores, ${Math.round(totalmem() / BYTES_PER_GIB)} GiB, Node ${process.versions.node}`
const seconds = (ms: number): string => (ms / 1_000).toFixed(1)

export async function writeJson(path: string, setting: Setting, results: Results): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify({ ...setting, machine: machine(), ...results }, null, 2)}\n`)
}

/** The last lines of a run, for a person. */
export function summary({ seed, durationMs }: Setting, { played, grants, totals, broken }: Results): string {
  const worst = Math.max(0, ...played.map(({ convergedMs }) => convergedMs))
  const lost = grants.filter(({ outcome }) => outcome === 'needs_reauth').length
  return [
    '',
    `${played.flatMap(({ ids }) => ids).length} faults in ${seconds(durationMs)} s, seed ${seed}`,
    `${totals.readings} readings of ${totals.people} people, ${totals.events} events (${totals.repeatedEvents} repeated), ${totals.calls} calls at Dexcom`,
    `slowest recovery ${seconds(worst)} s; grants lost to a kill between Dexcom's answer and our write: ${lost} of ${grants.length}`,
    `health: ${totals.healthLooks} looks, ${totals.healthFailed} failed; most memory of a process ${totals.mostMegabytes} MB`,
    broken === null ? 'every promise was kept' : `BROKEN: ${broken}`,
  ].join('\n')
}

/** docs/reliability.md: written by the run, no figure by hand. */
export function reliabilityPage({ seed, commit, startedAt, durationMs }: Setting, results: Results): string {
  const { played, grants, faultFree, totals, broken } = results
  const sorted = played.map(({ convergedMs }) => convergedMs).sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const rows = played.map(
    ({ phase, ids, about, convergedMs }) =>
      `| ${phase} | ${ids.join(', ')} | ${about.join('; ')} | ${seconds(convergedMs)} |`,
  )
  return `# Reliability

Written by \`pnpm chaos --report\`; no figure on this page was typed by hand. The run starts the real build, an API and two
workers and more as they are killed, on real Redis, RabbitMQ and DynamoDB Local, with a simulated Dexcom in which two
readings of everybody appear each second, late, shuffled and told twice. It breaks something, mends it, stops the data and
waits until everything that can be seen from outside is right: what Dexcom shows is stored and shown, nothing else is,
all of it was told in order, no two calls of one person ran at once, no spent token was shown again, and nothing is left
over. What each id stands for is in [guarantees.md](guarantees.md). Not played here: partitions of DynamoDB itself, several nodes of
Redis or RabbitMQ, TLS.

| | |
|---|---|
| result | ${broken === null ? 'every promise was kept' : 'a promise was broken'} |
| run | ${startedAt.slice(0, 10)}, ${seconds(durationMs)} s, seed ${seed}, commit ${commit} |
| machine | ${machine()} |
| faults | ${played.flatMap(({ ids }) => ids).length} |
| readings | ${totals.readings} of ${totals.people} people |
| lost, invented, altered, out of order, never told | ${broken === null ? '0' : 'see the run'} |
| events | ${totals.events}, of which ${totals.repeatedEvents} came twice; without faults ${faultFree.repeatedEvents} of ${faultFree.events} |
| grants hit by a kill | ${grants.map(({ id, outcome }) => `${id}: ${outcome}`).join('; ') || 'not played'} |
| recovery | median ${seconds(median)} s, slowest ${seconds(sorted.at(-1) ?? 0)} s |
| /healthz of the API | ${totals.healthFailed} of ${totals.healthLooks} looks failed |
| most memory of a process | ${totals.mostMegabytes} MB |

Recovery is counted from the moment when a fault has ended and the data stand still, and includes one sync of everybody
and the look at all of them by the oracles.

| phase | faults, side by side | what | recovery, s |
|---|---|---|---|
${rows.join('\n')}
`
}
