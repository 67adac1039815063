import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { deal, outcomeOf } from '../runner/mocha-step.ts'
import { selectSteps, steps } from '../runner/steps.ts'
import type { TestReport } from '../support/reporter.ts'

const report = (counts: Partial<TestReport>): TestReport => ({
  passes: 0,
  failures: 0,
  pending: 0,
  durationMs: 1,
  tests: [],
  ...counts,
})
const ended = { exitCode: 0, killed: false, filtered: false }

describe('gates: the test command', () => {
  it('counts passed and failed tests', () => {
    const outcome = outcomeOf({ ...ended, exitCode: 2, report: report({ passes: 5, failures: 2 }) })
    expect(outcome).to.include({ passed: 5, failed: 2 })
  })

  it('counts a pending test as failed', () => {
    expect(outcomeOf({ ...ended, report: report({ passes: 5, pending: 1 }) })).to.include({ passed: 5, failed: 1 })
  })

  it('counts a run without tests as failed, unless a filter left none', () => {
    expect(outcomeOf({ ...ended, report: report({}) })).to.include({ passed: 0, failed: 1 })
    expect(outcomeOf({ ...ended, filtered: true, report: report({}) })).to.include({ passed: 0, failed: 0 })
  })

  it('counts an open handle, a crash and a bad exit code as failed', () => {
    const passed = report({ passes: 5 })
    const left = outcomeOf({ report: passed, exitCode: null, killed: true, filtered: false })
    expect(left).to.include({ passed: 5, failed: 1 })
    expect(left.notes.join()).to.include('left a handle open')
    expect(outcomeOf({ ...ended, exitCode: 1, report: undefined })).to.include({ passed: 0, failed: 1 })
    expect(outcomeOf({ ...ended, exitCode: 7, report: passed })).to.include({ passed: 5, failed: 1 })
  })

  it('deals every file to one process', () => {
    expect(deal(['a', 'b', 'c', 'd', 'e'], 2, () => 10)).to.deep.equal([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ])
  })

  it('deals so that all processes have alike much to do', () => {
    const seconds: Readonly<Record<string, number>> = { b: 60, d: 40 }
    expect(deal(['a', 'b', 'c', 'd', 'e'], 2, (file) => seconds[file] ?? 10)).to.deep.equal([
      ['b', 'e'],
      ['a', 'c', 'd'],
    ])
  })

  it('hands over what a child prints line by line', async () => {
    const lines: string[] = []
    const { exitCode } = await runChild(['sh', '-c', 'echo one; echo two >&2; printf three'], {
      cwd: import.meta.dirname,
      env: process.env,
      output: (line) => lines.push(line),
      signal: new AbortController().signal,
    })
    expect(exitCode).to.equal(0)
    expect(lines).to.have.members(['one', 'two', 'three'])
  })

  it('knows its steps, and refuses a name that is none', () => {
    expect(selectSteps([])).to.deep.equal(steps)
    expect(selectSteps(['unit', 'lint']).map((step) => step.name)).to.deep.equal(['lint', 'unit'])
    expect(selectSteps(['e2e']).map((step) => step.name)).to.deep.equal(['build', 'e2e'])
    expect(() => selectSteps(['units'])).to.throw('units')
  })

  it('has mocha report its tests, and refuses pending ones', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bg-runner-'))
    try {
      const spec = join(folder, 'spec.cjs')
      const path = join(folder, 'report.json')
      writeFileSync(spec, "it('a', () => {})\nit('b', () => { throw new Error('no') })\nit('c')\n")
      const { exitCode } = await runChild(['node_modules/.bin/mocha', '--reporter', './support/reporter.ts', spec], {
        cwd: join(import.meta.dirname, '..'),
        env: { ...process.env, BG_TEST_REPORT: path },
        output: 'keep',
        signal: new AbortController().signal,
      })
      expect(exitCode).to.equal(2)
      const { tests, ...counts } = JSON.parse(readFileSync(path, 'utf8')) as TestReport
      expect(counts).to.include({ passes: 1, failures: 2, pending: 0 })
      expect(tests.map(({ title, state }) => `${title} ${state}`)).to.deep.equal(['a passed', 'b failed', 'c failed'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('ends a child and everything it has started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bg-runner-'))
    const stop = new AbortController()
    const running = runChild(['sh', '-c', 'sleep 600 & touch started; wait'], {
      cwd: folder,
      env: process.env,
      output: 'keep',
      signal: stop.signal,
    })
    while (!existsSync(join(folder, 'started'))) await setTimeout(10)
    stop.abort()
    // Resolves only when nobody holds the output open any more, neither the shell nor its child.
    expect((await running).exitCode).to.equal(null)
    rmSync(folder, { recursive: true })
  })
})
