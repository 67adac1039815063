/** Runs benchmarks, each interleaved with its base in one run. `pnpm bench --help` */
import { parseArgs } from 'node:util'
import { dexcomBudget } from './dexcom-budget.ts'
import { events } from './events.ts'
import { importBench } from './import.ts'
import { limiter } from './limiter.ts'
import { reads } from './reads.ts'
import { type Bench, type BenchLine, isFigure } from './result.ts'
import { schedule } from './schedule.ts'
import { slowConsumer } from './slow-consumer.ts'
import { syncCpu } from './sync-cpu.ts'
import { validate } from './validate.ts'
import { writeUnits } from './write-units.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  'dexcom-budget': dexcomBudget,
  events,
  import: importBench,
  limiter,
  reads,
  schedule,
  'slow-consumer': slowConsumer,
  'sync-cpu': syncCpu,
  validate,
  'write-units': writeUnits,
}

const HELP = `Usage: pnpm bench [name]... [--rounds 5] [--json]
Without a name: all of them. slow-consumer takes minutes and some GB.

${Object.entries(BENCHES)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const verdict = ({ goal }: BenchLine) => (goal ? `${goal.text}: ${goal.met ? 'PASS' : 'short'}` : '')
const short = (value: number) =>
  Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))

function lineOf(line: BenchLine) {
  const { name, n, spread } = line
  const measured = isFigure(line)
    ? { figure: `${short(line.value)} ${line.unit}`, ratio: '' }
    : { figure: `${short(line.cpuUs)} us of CPU`, ratio: `${line.ratio.toFixed(2)} x ${line.base}` }
  return { name, ...measured, spread: spread.map(short).join(' to '), n, goal: verdict(line) }
}

const rounds = Number(values.rounds)
const unknown = positionals.filter((name) => !BENCHES[name])
if (values.help) console.log(HELP)
else if (unknown.length > 0 || !(rounds >= 1)) {
  console.error(HELP)
  process.exitCode = 1
} else {
  for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
    const results = (await BENCHES[name]?.run({ rounds })) ?? []
    if (values.json) console.log(JSON.stringify({ bench: name, node: process.version, results }))
    else console.table(results.map(lineOf))
  }
}
