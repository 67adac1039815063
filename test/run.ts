/** The one test command. `npm test` runs every step; see --help. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBackends } from './runner/backends.ts'
import type { Outcome, Step, StepContext } from './runner/step.ts'
import { selectSteps, steps } from './runner/steps.ts'

const HELP = `Usage: npm test [-- [STEP...] [--grep PATTERN]]
Runs the steps named, or all of them, and goes on after one that failed. "check" stands for all that only read the code.
  --grep PATTERN  run only the tests whose title matches
  --list          print the steps
The last line is "N passed, N failed"; the exit code is 1 if anything failed.`

const root = join(import.meta.dirname, '..')
const say = (text: string) => process.stdout.write(`${text}\n`)

/** Colours only on a terminal; a zone far from UTC with summer time, so that code that takes local time for UTC fails. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...env } = process.env
  return { ...env, TZ: 'America/Los_Angeles', ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) }
}

async function runStep(step: Step, context: StepContext): Promise<Outcome> {
  try {
    return await step.run(context)
  } catch (error) {
    return { passed: 0, failed: 1, notes: [error instanceof Error ? error.message : String(error)] }
  }
}

function progressLine(step: Step, { passed, failed }: Outcome, durationMs: number): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s`
  const counts = step.kind === 'tests' ? `, ${passed} passed, ${failed} failed` : ''
  return `${failed === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds}${counts}): ${step.about}`
}

async function runSteps(selected: readonly Step[], context: StepContext): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const step of selected) {
    if (context.signal.aborted) {
      outcomes.push({ passed: 0, failed: 1, notes: [] })
      continue
    }
    const startedAt = performance.now()
    const outcome = await runStep(step, context)
    outcomes.push(outcome)
    for (const note of outcome.notes) say(`  ${step.name}: ${note}`)
    say(progressLine(step, outcome, performance.now() - startedAt))
  }
  return outcomes
}

async function runAll(selected: readonly Step[], grep: string | undefined): Promise<void> {
  const interrupted = new AbortController()
  const interrupt = () => {
    say('Interrupted: ending what runs, skipping the rest.')
    interrupted.abort()
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

  const env = childEnvironment()
  const { signal } = interrupted
  const backends = createBackends({ env, say, signal })
  const context = { root, env, grep, say, signal, backends: backends.start }
  const outcomes = await runSteps(selected, context).finally(() => backends.stop())

  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0)
  if (passed + failed === 0) say('Nothing was run: no test matches.')
  say(`${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' }, list: { type: 'boolean' }, grep: { type: 'string' } },
})
const list = () => say(steps.map((step) => `${step.name.padEnd(12)} ${step.about}`).join('\n'))

if (values.help) {
  say(HELP)
  list()
} else if (values.list) list()
else await runAll(selectSteps(positionals), values.grep)
