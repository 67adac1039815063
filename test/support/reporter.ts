import { writeFileSync } from 'node:fs'
import { type MochaOptions, type Runner, reporters, type Test } from 'mocha'

/** What a run of mocha leaves in the file named by BG_TEST_REPORT. */
export interface TestReport {
  readonly passes: number
  readonly failures: number
  readonly pending: number
  readonly durationMs: number
  readonly tests: readonly TestRecord[]
}

interface TestRecord {
  readonly title: string
  readonly state: 'passed' | 'failed' | 'pending'
  readonly durationMs: number
}

/** A child that has ended its tests and still lives after this many ms says what keeps it alive. */
const HANDLE_NOTICE_MS = 5_000

/** Mocha's spec reporter, which also counts into a JSON file: the runner adds numbers up, it does not read prose. */
class SpecAndReport extends reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options)
    const path = process.env.BG_TEST_REPORT
    if (path === undefined) return
    const tests: TestRecord[] = []
    const record = (state: TestRecord['state']) => (test: Test) => {
      tests.push({ title: test.fullTitle(), state, durationMs: test.duration ?? 0 })
    }
    runner.on('pass', record('passed'))
    runner.on('fail', record('failed'))
    runner.on('pending', record('pending'))
    runner.once('end', () => {
      const { passes, failures, pending, duration = 0 } = this.stats
      writeFileSync(
        path,
        JSON.stringify({ passes, failures, pending, durationMs: duration, tests } satisfies TestReport),
      )
      setTimeout(() => {
        process.stderr.write(`still alive after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`)
      }, HANDLE_NOTICE_MS).unref()
    })
  }
}

// Mocha loads a reporter with require(), which hands out an ES module's export of this name as the module itself.
export { SpecAndReport as 'module.exports' }
