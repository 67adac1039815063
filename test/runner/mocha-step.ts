import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestReport } from '../support/reporter.ts'
import { type ChildOptions, runChild } from './child.ts'
import type { Outcome, Step, StepContext } from './step.ts'

interface MochaOptions {
  readonly name: string
  readonly about: string
  /** Globs below test/. */
  readonly spec: readonly string[]
  /** Whether its tests talk to real backends. */
  readonly backends?: boolean
  /** How many processes its files are dealt out to. More than one pays where tests mostly wait; default 1. */
  readonly processes?: number
  /** Seconds of the files that take much longer than others, so that all processes end at about the same time. */
  readonly long?: Readonly<Record<string, number>>
}

/** What a file counts that `long` does not name. */
const USUAL_SECONDS = 10

/** A process that has not ended this many ms after its last test has left something open; it is killed. */
const EXIT_DEADLINE_MS = 60_000
const REPORT_POLL_MS = 500

export function mochaStep({ name, about, spec, backends = false, processes = 1, long = {} }: MochaOptions): Step {
  return {
    name,
    about,
    kind: 'tests',
    run: async (context) => {
      const env = { ...context.env, ...(backends ? await context.backends() : {}) }
      if (processes === 1) return await runMocha(spec, env, context, 'show')
      const files = globSync([...spec], { cwd: join(context.root, 'test') }).sort()
      const gone = Object.keys(long).filter((file) => !files.includes(file))
      if (gone.length > 0) throw new Error(`${name}: "long" names files that are not there: ${gone.join(', ')}`)
      const hands = deal(files, processes, (file) => long[file] ?? USUAL_SECONDS).map((hand, index) =>
        runMocha(hand, env, context, (line) => context.say(`${index + 1}| ${line}`)),
      )
      return sum(await Promise.all(hands))
    },
  }
}

/** Longest first, each to the hand that has the least so far; a hand plays its own in the order in which they came. */
export function deal<T>(files: readonly T[], hands: number, secondsOf: (file: T) => number): readonly (readonly T[])[] {
  const loads = Array.from({ length: hands }, () => ({ seconds: 0, files: new Set<T>() }))
  for (const file of [...files].sort((a, b) => secondsOf(b) - secondsOf(a))) {
    const least = loads.reduce((best, load) => (load.seconds < best.seconds ? load : best))
    least.files.add(file)
    least.seconds += secondsOf(file)
  }
  return loads.map((load) => files.filter((file) => load.files.has(file)))
}

const sum = (outcomes: readonly Outcome[]): Outcome => ({
  passed: outcomes.reduce((total, { passed }) => total + passed, 0),
  failed: outcomes.reduce((total, { failed }) => total + failed, 0),
  notes: outcomes.flatMap(({ notes }) => notes),
})

async function runMocha(
  spec: readonly string[],
  env: NodeJS.ProcessEnv,
  context: StepContext,
  output: ChildOptions['output'],
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'bg-test-'))
  const path = join(folder, 'report.json')
  const grep = context.grep === undefined ? [] : ['--grep', context.grep]
  const colour = env.NO_COLOR === undefined ? '--color' : '--no-color'
  const watch = watchExit(path)
  try {
    const { exitCode } = await runChild(
      ['node_modules/.bin/mocha', '--reporter', './support/reporter.ts', colour, ...grep, ...spec],
      {
        cwd: join(context.root, 'test'),
        env: { ...env, BG_TEST_REPORT: path },
        signal: context.signal,
        output,
        onStart: watch.start,
      },
    )
    const report = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestReport) : undefined
    return outcomeOf({ report, exitCode, killed: watch.killed(), filtered: context.grep !== undefined })
  } finally {
    watch.stop()
    rmSync(folder, { recursive: true })
  }
}

/** Kills the child EXIT_DEADLINE_MS after its report has appeared, that is after its last test. */
function watchExit(reportPath: string) {
  let poll: NodeJS.Timeout | undefined
  let killed = false
  return {
    start: (kill: () => void) => {
      let reportedAt: number | undefined
      poll = setInterval(() => {
        if (reportedAt === undefined && existsSync(reportPath)) reportedAt = performance.now()
        if (reportedAt === undefined || performance.now() - reportedAt < EXIT_DEADLINE_MS) return
        killed = true
        clearInterval(poll)
        kill()
      }, REPORT_POLL_MS)
    },
    killed: () => killed,
    stop: () => clearInterval(poll),
  }
}

interface MochaEnd {
  readonly report: TestReport | undefined
  readonly exitCode: number | null
  readonly killed: boolean
  /** With --grep it is no fault of a step that none of its tests match. */
  readonly filtered: boolean
}

/** Counts of a mocha run; what mocha itself lets pass (no tests, pending ones, an open handle, a crash) counts as failed. */
export function outcomeOf({ report, exitCode, killed, filtered }: MochaEnd): Outcome {
  if (report === undefined) return { passed: 0, failed: 1, notes: ['mocha ended before it had run its tests'] }
  const { passes, failures, pending, tests } = report
  const notes = tests.filter((test) => test.state !== 'passed').map((test) => `${test.state}: ${test.title}`)
  let failed = failures + pending
  const alsoFailed = (note: string) => {
    failed += 1
    notes.push(note)
  }
  if (passes + failed === 0 && !filtered) alsoFailed('no test was run')
  if (killed) alsoFailed(`left a handle open: still alive ${EXIT_DEADLINE_MS / 1000} s after its last test`)
  else if (exitCode !== 0 && failed === 0)
    alsoFailed(`mocha exited with ${exitCode ?? 'a signal'} although every test passed`)
  return { passed: passes, failed, notes }
}
