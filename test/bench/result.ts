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
  readonly goal?: Goal
}

interface Goal {
  readonly text: string
  readonly met: boolean
}

/** A line that is no cost beside another one, but a count, a time or a share that stands for itself. */
export interface BenchFigure {
  readonly name: string
  /** Median of the rounds. */
  readonly value: number
  readonly unit: string
  readonly spread: readonly [number, number]
  /** What it was counted over: polls, calls, readings. */
  readonly n: number
  readonly goal?: Goal
}

export type BenchLine = BenchResult | BenchFigure

export interface BenchOptions {
  readonly rounds: number
}

export interface Bench {
  readonly summary: string
  run(options: BenchOptions): Promise<readonly BenchLine[]>
}

export const isFigure = (line: BenchLine): line is BenchFigure => 'unit' in line

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export const spreadOf = (values: readonly number[]): readonly [number, number] => [
  Math.min(...values),
  Math.max(...values),
]

/** The median of the ratios of two costs, each within its own round. */
export const ratioOf = (costs: readonly number[], bases: readonly number[]): number =>
  median(costs.map((cost, round) => cost / (bases[round] ?? Number.NaN)))

/** A figure that rounds have given. */
export function figureOf(
  { name, unit, n, goal }: Pick<BenchFigure, 'name' | 'unit' | 'n'> & { readonly goal?: (value: number) => Goal },
  values: readonly number[],
): BenchFigure {
  const value = median(values)
  return { name, value, unit, spread: spreadOf(values), n, ...(goal ? { goal: goal(value) } : {}) }
}

/** A goal that a figure may not go beyond, or not stay below. */
export const atMost =
  (most: number, text: string) =>
  (value: number): Goal => ({ text, met: value <= most })
export const atLeast =
  (least: number, text: string) =>
  (value: number): Goal => ({ text, met: value >= least })
