/** One line of a benchmark: what was measured, against the base that ran between its rounds. */
export interface BenchResult {
  readonly name: string
  /** CPU of the process under test, microseconds an operation: median of the rounds, and their spread. */
  readonly cpuUs: number
  readonly spread: readonly [number, number]
  /** Median of the ratios to the base, each within its own round. */
  readonly ratio: number
  readonly base: string
  /** Operations in all rounds. */
  readonly n: number
  /** What the ratio is to reach, where there is a goal for it (docs/performance.md). */
  readonly goal?: { readonly text: string; readonly met: boolean }
}

export interface BenchOptions {
  readonly rounds: number
}

export interface Bench {
  readonly summary: string
  run(options: BenchOptions): Promise<readonly BenchResult[]>
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
