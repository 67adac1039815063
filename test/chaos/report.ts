import type { Known } from './arguments.ts'
import { heapSlope, type LeakResults } from './leaks.ts'
import type { Played } from './play.ts'
import type { RunFile } from './run-file.ts'
import { hasFewRepeats, type Totals } from './totals.ts'

const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const playedIn = (runs: readonly RunFile[]): readonly Played[] => runs.flatMap(({ results }) => results?.played ?? [])

/** Of an even number the upper one of the two in the middle. */
const medianOf = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const worstOf = (numbers: readonly number[]): number => Math.max(0, ...numbers)

/** The last lines of a run, for a person. */
export function summary({ seed, durationMs, results, mutants, leaks }: RunFile): string {
  const head = `${seconds(durationMs)} s, seed ${seed}`
  if (leaks) return `\n${leakRow(leaks)}\n${leaks.broken === null ? 'nothing grew' : `BROKEN: ${leaks.broken}`}`
  if (!results)
    return `\n${mutants.filter(({ killed }) => killed).length} of ${mutants.length} mutants killed in ${head}`
  const { played, leftOut, grants, totals, broken } = results
  const worst = worstOf(played.map(({ convergedMs }) => convergedMs))
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

/** docs/reliability.md, from what runs have left behind: no figure by hand. `known`: what could have been played. */
export function reliabilityPage(runs: readonly RunFile[], known: Known): string {
  return `# Reliability

Written by \`pnpm chaos --report\` from what its runs left behind; no figure on this page was typed by hand. A run starts the
real build, an API and two workers and more as they are killed, on real Redis, RabbitMQ and DynamoDB Local, with a simulated
Dexcom in which two readings of everybody appear each second, late, shuffled and told twice. It breaks something, mends it,
stops the data and waits until everything that can be seen from outside is right: what Dexcom shows is stored and shown,
nothing else is, all of it was told in order, no two calls of one person ran at once, no spent token was shown again, nothing
is left over, and everybody is polled again although nobody asks. At the end it looks for secrets in every log and in Redis,
and for changes that the audit trail does not hold. Not played here: partitions of DynamoDB itself, several nodes of Redis or
RabbitMQ, TLS. Which other tests hold which case is in [reliability-cases.md](reliability-cases.md).

| | |
|---|---|
${[...totalRows(runs), ...missingRows(runs, known)].join('\n')}

## Runs

| day | commit | seed | faults | mutants | s | machine | result |
|---|---|---|---|---|---|---|---|
${runs.map(runRow).join('\n')}

## Recoveries

Counted from the moment when a fault has ended and the data stand still; includes one sync of everybody and the look at all
of them by the oracles. The bound is what the product's constants add up to; for who is later than that, twice what the same takes
right afterwards, with nothing to heal, comes on top. Faults with the same recovery were played side by side.

| phase | fault | what | played | median, s | worst, s | bound, s |
|---|---|---|---|---|---|---|
${faultRows(playedIn(runs)).join('\n')}

## Mutants

A protection is taken out of the build as it is loaded; the faults under which its absence shows are played. A mutant is
killed when the promise that the protection stands for is broken.

| mutant | without | result | broken |
|---|---|---|---|
${mutantRows(runs).join('\n')}
${leakPart(runs)}`
}

/** What a crowd that was polled for long left behind. */
function leakPart(runs: readonly RunFile[]): string {
  const leaks = runs.flatMap((run) => run.leaks ?? [])
  if (leaks.length === 0) return ''
  return `
## Memory

A crowd is polled at sixty times the pace of life, with nothing broken; garbage is collected before each look.

| people | min | syncs | heap of the API, MB per 1000 syncs | of the worker | descriptors at the end (and at first): API, worker | keys in Redis, half-way and at the end | result |
|---|---|---|---|---|---|---|---|
${leaks.map((one) => `${leakRow(one)} ${one.broken ?? 'nothing grew'} |`).join('\n')}
`
}

function leakRow({ people, minutes, samples }: LeakResults): string {
  const [first, middle, last] = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-1)]
  const descriptors = (app: 'api' | 'worker') => `${last?.[app].descriptors} (${first?.[app].descriptors})`
  const slopes = (['api', 'worker'] as const).map((app) => heapSlope(samples, app).toFixed(2))
  const keys = `${middle?.redisKeys}, ${last?.redisKeys}`
  const row = [people, minutes, last?.syncs, ...slopes, `${descriptors('api')}, ${descriptors('worker')}`, keys]
  return `| ${row.join(' | ')} |`
}

function totalRows(runs: readonly RunFile[]): readonly string[] {
  const outcomes = runs.flatMap(({ results }) => results ?? [])
  const of = (name: keyof Totals) => sum(outcomes.map(({ totals }) => totals[name]))
  const broken = outcomes.flatMap((one) => one.broken ?? [])
  const quiet = outcomes.map(({ faultFree }) => faultFree)
  const played = playedIn(runs)
  const recoveries = played.map(({ convergedMs }) => convergedMs)
  const leftOut = outcomes.flatMap((one) => one.leftOut)
  const share = ((100 * of('repeatedEvents')) / Math.max(1, of('events'))).toFixed(2)
  const fewRepeats = hasFewRepeats({ events: of('events'), repeatedEvents: of('repeatedEvents') })
  const kept = fewRepeats ? 'every promise was kept' : 'kept, but more messages came twice than the promised 2 %'
  const rows: readonly (readonly [string, string | number])[] = [
    ['result', broken.length === 0 ? kept : `${broken.length} runs broke a promise`],
    ['faults played', `${played.length}, of ${new Set(played.map(({ id }) => id)).size} kinds`],
    ...(leftOut.length > 0 ? [['faults left out for want of time', leftOut.join(' ')] as const] : []),
    ['readings', of('readings')],
    ['lost, invented, altered, out of order, never told', broken.length === 0 ? 0 : 'see the runs'],
    [
      'messages that came twice',
      `${of('repeatedEvents')} of ${of('events')} (${share} %); before the first fault ${sum(quiet.map((one) => one.repeatedEvents))} of ${sum(quiet.map((one) => one.events))}`,
    ],
    ['grants that ended, by where a kill hit their refresh', grantsByCause(runs) || 'not played'],
    ['recovery', `median ${seconds(medianOf(recoveries))} s, slowest ${seconds(worstOf(recoveries))} s`],
    ['`/healthz` of the API', `${of('healthFailed')} of ${of('healthLooks')} looks failed`],
    ['most memory of a process', `${worstOf(outcomes.map(({ totals }) => totals.mostMegabytes))} MB`],
    ['mutants killed', mutantsKilled(runs)],
  ]
  return rows.map(([what, value]) => `| ${what} | ${value} |`)
}

/** What these runs say nothing of. */
function missingRows(runs: readonly RunFile[], { faults, mutants }: Known): readonly string[] {
  const played = new Set(playedIn(runs).map(({ id }) => id))
  const planted = new Set(runs.flatMap((run) => run.mutants).map(({ id }) => id))
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['faults that none of these runs played', faults.filter((id) => !played.has(id))],
    ['mutants that none of these runs planted', mutants.filter((id) => !planted.has(id))],
  ]
  return rows.flatMap(([what, ids]) => (ids.length === 0 ? [] : [`| ${what} | ${ids.join(' ')} |`]))
}

/** Grants end nowhere else: an ended one that no kill explains breaks a promise. */
function grantsByCause(runs: readonly RunFile[]): string {
  const grants = runs.flatMap(({ results }) => results?.grants ?? [])
  return [...new Set(grants.map(({ id }) => id))]
    .map((id) => {
      const hit = grants.filter((grant) => grant.id === id)
      return `${id}: ${hit.filter(({ outcome }) => outcome === 'needs_reauth').length} of ${hit.length}`
    })
    .join('; ')
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

function faultRows(played: readonly Played[]): readonly string[] {
  return [...new Set(played.map(({ id }) => id))].map((id) => {
    const times = played.filter((one) => one.id === id)
    const [{ phase = '', about = '' } = {}] = times
    const took = times.map(({ convergedMs }) => convergedMs)
    const bound = worstOf(times.map(({ boundMs }) => boundMs))
    const row = [phase, id, about, times.length, seconds(medianOf(took)), seconds(worstOf(took)), seconds(bound)]
    return `| ${row.join(' | ')} |`
  })
}

/** The promises named in a message, each once: O1, I12 … */
const named = (text: string | null): string => [...new Set(text?.match(/\b[OI]\d+\b/g))].join(', ')

const mutantRows = (runs: readonly RunFile[]): readonly string[] =>
  runs
    .flatMap((run) => run.mutants)
    .map(
      ({ id, about, killed, brokeBy }) =>
        `| ${id} | ${about} | ${killed ? 'killed' : 'survived'} | ${named(brokeBy)} |`,
    )
