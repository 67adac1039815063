import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import type { BenchLine } from './result.ts'

/** One run of one benchmark, with all that its figures depend on. A line of `--json`. */
export interface RunRecord {
  readonly bench: string
  readonly at: string
  readonly commit: string
  readonly node: string
  readonly machine: string
  /** Of the minute before its end: others may use the same processors. */
  readonly load: number
  readonly seconds: number
  readonly results: readonly BenchLine[]
}

const GIB = 2 ** 30

export async function recordOf(bench: string, run: () => Promise<readonly BenchLine[]>): Promise<RunRecord> {
  const from = performance.now()
  const results = await run()
  const [processor] = cpus()
  return {
    bench,
    at: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    node: process.version,
    machine: `${cpus().length} x ${processor?.model ?? 'unknown'}, ${Math.round(totalmem() / GIB)} GiB`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    seconds: Math.round((performance.now() - from) / 1_000),
    results,
  }
}
