import type { Played } from './play.ts'
import type { RunFile } from './run-file.ts'
import type { Totals } from './totals.ts'

const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const playedIn = (runs: readonly RunFile[]): readonly Played[] => runs.flatMap(({ results }) => results?.played ?? [])

/** The last lines of a run, for a person. */
export function summary({ seed, durationMs, results, mutants }: RunFile): string {
  const head = `${seconds(durationMs)} s, seed ${seed}`
  if (!results)
    return `\n${mutants.filter(({ killed }) => killed).length} of ${mutants.length} mutants killed in ${head}`
  const { played, leftOut, grants, totals, broken } = results
  const worst = Math.max(0, ...played.map(({ convergedMs }) => convergedMs))
  const lost = grants.filter(({ outcome }) => outcome === 'needs_reauth').length
  return [
    '',
    `${played.length} faults in ${head}${leftOut.length > 0 ? `; not begun in time: ${leftOut.join(' ')}` : ''}`,
    `${totals.readings} readings of ${totals.people} people, ${totals.events} events (${totals.repeatedEvents} repeated), ${totals.calls} calls at Dexcom`,
    `slowest recovery ${seconds(worst)} s; grants lost to a kill between Dexcom's answer and our write: ${lost} of ${grants.length}`,
    `health: ${totals.healthLooks} looks, ${totals.healthFailed} failed; most memory of a process ${totals.mostMegabytes} MB`,
    broken === null ? 'every promise was kept' : `BROKEN: ${broken}`,
  ].join('\n')
}

/** docs/reliability.md, from what runs have left behind: no figure by hand. */
export function reliabilityPage(runs: readonly RunFile[]): string {
  const outcomes = runs.flatMap(({ results }) => results ?? [])
  const of = (name: keyof Totals) => sum(outcomes.map(({ totals }) => totals[name]))
  const broken = outcomes.flatMap((one) => one.broken ?? [])
  const grants = outcomes.flatMap((one) => one.grants)
  const sorted = playedIn(runs)
    .map(({ convergedMs }) => convergedMs)
    .sort((a, b) => a - b)
  const repeated = `${of('repeatedEvents')} of ${of('events')}`
  const quiet = outcomes.map(({ faultFree }) => faultFree)
  return `# Reliability

Written by \`pnpm chaos --report\` from what its runs left behind; no figure on this page was typed by hand. A run starts the
real build, an API and two workers and more as they are killed, on real Redis, RabbitMQ and DynamoDB Local, with a simulated
Dexcom in which two readings of everybody appear each second, late, shuffled and told twice. It breaks something, mends it,
stops the data and waits until everything that can be seen from outside is right: what Dexcom shows is stored and shown,
nothing else is, all of it was told in order, no two calls of one person ran at once, no spent token was shown again, nothing
is left over, and everybody is polled again although nobody asks. At the end it looks for secrets in every log and in Redis,
and for changes that the audit trail does not hold. Not played here: partitions of DynamoDB itself, several nodes of Redis or
RabbitMQ, TLS.

| | |
|---|---|
| result | ${broken.length === 0 ? 'every promise was kept' : `${broken.length} runs broke a promise`} |
| faults played | ${sorted.length} |
| readings | ${of('readings')} |
| lost, invented, altered, out of order, never told | ${broken.length === 0 ? '0' : 'see the runs'} |
| messages that came twice | ${repeated}; before the first fault ${sum(quiet.map((one) => one.repeatedEvents))} of ${sum(quiet.map((one) => one.events))} |
| grants hit by a kill | ${grants.map(({ id, outcome }) => `${id}: ${outcome}`).join('; ') || 'not played'} |
| recovery | median ${seconds(sorted[Math.floor(sorted.length / 2)] ?? 0)} s, slowest ${seconds(sorted.at(-1) ?? 0)} s |
| \`/healthz\` of the API | ${of('healthFailed')} of ${of('healthLooks')} looks failed |
| most memory of a process | ${Math.max(0, ...outcomes.map(({ totals }) => totals.mostMegabytes))} MB |
| mutants killed | ${mutantsKilled(runs)} |

## Runs

| day | commit | seed | faults | mutants | s | machine | result |
|---|---|---|---|---|---|---|---|
${runs.map(runRow).join('\n')}

## Recoveries

Counted from the moment when a fault has ended and the data stand still; includes one sync of everybody and the look at all
of them by the oracles. The bound is what the product's constants add up to, and twice what the same takes right afterwards, with nothing
to heal. Faults with the same recovery were played side by side.

| phase | fault | what | recovery, s | bound, s |
|---|---|---|---|---|
${playedIn(runs).map(faultRow).join('\n')}

## Mutants

A protection is taken out of the build as it is loaded; the faults under which its absence shows are played. A mutant is
killed when the promise that the protection stands for is broken.

| mutant | without | result | broken |
|---|---|---|---|
${mutantRows(runs).join('\n')}
`
}

function mutantsKilled(runs: readonly RunFile[]): string {
  const mutants = runs.flatMap((run) => run.mutants)
  return `${mutants.filter(({ killed }) => killed).length} of ${mutants.length}`
}

const runRow = ({ startedAt, commit, seed, durationMs, machine, results, mutants }: RunFile): string => {
  const result = results?.broken ? 'a promise was broken' : 'kept'
  const row = [startedAt.slice(0, 10), commit, seed, results?.played.length ?? 0, mutants.length, seconds(durationMs)]
  return `| ${[...row, machine, results ? result : '–'].join(' | ')} |`
}

const faultRow = ({ phase, id, about, convergedMs, boundMs }: Played): string =>
  `| ${phase} | ${id} | ${about} | ${seconds(convergedMs)} | ${seconds(boundMs)} |`

/** The promises named in a message, each once: O1, I12 … */
const named = (text: string | null): string => [...new Set(text?.match(/\b[OI]\d+\b/g))].join(', ')

const mutantRows = (runs: readonly RunFile[]): readonly string[] =>
  runs
    .flatMap((run) => run.mutants)
    .map(
      ({ id, about, killed, brokeBy }) =>
        `| ${id} | ${about} | ${killed ? 'killed' : 'survived'} | ${named(brokeBy)} |`,
    )
