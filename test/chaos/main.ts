/** `pnpm chaos`: see --help. */
import { startLocalStack } from '@bg-ingest/local-stack'
import { seededRandom } from '../bench/seeded-random.ts'
import { type ChaosArguments, HELP, readArguments, UsageError } from './arguments.ts'
import { FAULTS, scenesOf, shortScene } from './catalogue.ts'
import type { Fault } from './fault.ts'
import { watchForLeaks } from './leaks.ts'
import { MUTANTS } from './mutants.ts'
import { playAll, type Results } from './play.ts'
import { playMutants } from './play-mutants.ts'
import { reliabilityPage, summary } from './report.ts'
import { beginRun, type Outcome, readRuns, writePage, writeRun } from './run-file.ts'
import { FEW, openChaosStage } from './stage.ts'

const MINUTE_MS = 60_000
const say = (line: string) => console.log(line)

async function run(args: ChaosArguments): Promise<number> {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  say(`seed ${args.seed}`)
  const end = beginRun(args.seed)
  const stack = await startLocalStack({ env: process.env, say, signal: stopping.signal, requireReal: true })
  Object.assign(process.env, stack.env)
  try {
    const done = end(await outcomeOf(args, (outcome) => writeRun(args.json, end(outcome))))
    await writeRun(args.json, done)
    say(summary(done))
    return done.results?.broken || done.leaks?.broken || done.mutants.some(({ killed }) => !killed) ? 1 : 0
  } finally {
    await stack.stop()
  }
}

const NOTHING: Outcome = { results: null, mutants: [], leaks: null }

/** `keep` is told what is known so far. */
async function outcomeOf(args: ChaosArguments, keep: (outcome: Outcome) => Promise<void>): Promise<Outcome> {
  const { leaks, mutants, only, seed } = args
  if (leaks) return { ...NOTHING, leaks: await watchForLeaks({ ...leaks, say }) }
  if (!mutants) return { ...NOTHING, results: await againstFaults(args) }
  const chosen = MUTANTS.filter(({ id }) => only.length === 0 || only.includes(id))
  const telling = { say, keep: (results: Outcome['mutants']) => keep({ ...NOTHING, mutants: results }) }
  return { ...NOTHING, mutants: await playMutants(chosen, seed, telling) }
}

async function againstFaults(args: ChaosArguments): Promise<Results> {
  const stage = await openChaosStage(seededRandom(args.seed), args.short ? { people: FEW } : {})
  try {
    return await playAll(stage, {
      scenes: args.short ? [shortScene()] : scenesOf(FAULTS.filter((fault) => isChosen(args, fault))),
      soakMs: args.soakMinutes * MINUTE_MS,
      withinMs: args.withinMinutes * MINUTE_MS,
      settleGrants: !args.short,
      say,
    })
  } finally {
    await stage.close()
  }
}

function isChosen({ only, phases }: ChaosArguments, { id, phase }: Fault): boolean {
  if (only.length > 0) return only.includes(id)
  return phases.length === 0 || phases.includes(phase)
}

const list = () => [
  ...FAULTS.map(({ id, phase, about }) => `${id.padEnd(6)} ${phase.padEnd(9)} ${about}`),
  ...MUTANTS.map(({ id, about }) => `${id.padEnd(6)} mutant    ${about}`),
]

try {
  const known = { faults: FAULTS.map(({ id }) => id), mutants: MUTANTS.map(({ id }) => id) }
  const args = readArguments(process.argv.slice(2), known, Math.random)
  if (args.help) say(HELP)
  else if (args.list) for (const line of list()) say(line)
  else if (args.report.length > 0) await writePage(reliabilityPage(await readRuns(args.report), known))
  else process.exitCode = await run(args)
} catch (err) {
  console.error(err instanceof UsageError ? err.message : err)
  process.exitCode = err instanceof UsageError ? 2 : 1
}
