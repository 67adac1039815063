import { type BenchLine, isFigure } from './result.ts'

const grouped = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** Three digits that count, all of a large number's whole part. */
export const short = (value: number): string => (Math.abs(value) >= 100 ? whole : grouped).format(value)

/** One line of a benchmark in words. */
export function shown(line: BenchLine) {
  const { name, n, spread, goal } = line
  const measured = isFigure(line)
    ? { figure: `${short(line.value)} ${line.unit}`.trim(), ratio: '' }
    : { figure: `${short(line.cpuUs)} us of CPU`, ratio: `${line.ratio.toFixed(2)} x ${line.base}` }
  const verdict = goal ? (goal.met ? 'PASS' : 'short') : ''
  return { name, ...measured, spread: spread.map(short).join(' to '), n: short(n), goal: goal?.text ?? '', verdict }
}
