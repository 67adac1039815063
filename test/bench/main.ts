/** Runs benchmarks, each interleaved with its base in one run. `pnpm bench --help` */
import { parseArgs } from 'node:util'
import { apiChain } from './api-chain.ts'
import { apiOverload } from './api-overload.ts'
import { apiTail } from './api-tail.ts'
import { dexcomBudget } from './dexcom-budget.ts'
import { events } from './events.ts'
import { importBench } from './import.ts'
import { limiter } from './limiter.ts'
import { runQuick } from './quick.ts'
import { range } from './range.ts'
import { reads } from './reads.ts'
import { readRecords, writeReport } from './report.ts'
import type { Bench } from './result.ts'
import { type RunRecord, recordOf } from './run-record.ts'
import { schedule } from './schedule.ts'
import { shown } from './show-line.ts'
import { slowConsumer } from './slow-consumer.ts'
import { syncCpu } from './sync-cpu.ts'
import { trigger } from './trigger.ts'
import { validate } from './validate.ts'
import { writeUnits } from './write-units.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  'api-chain': apiChain,
  'api-overload': apiOverload,
  'api-tail': apiTail,
  'dexcom-budget': dexcomBudget,
  events,
  import: importBench,
  limiter,
  range,
  reads,
  schedule,
  'slow-consumer': slowConsumer,
  'sync-cpu': syncCpu,
  trigger,
  validate,
  'write-units': writeUnits,
}

const HELP = `Usage: pnpm bench [name]... [--rounds 5] [--json] [--report [--from runs.jsonl]] [--quick]
Without a name: all of them, which takes half an hour; slow-consumer takes some GB, and has to be named.

${Object.entries(BENCHES)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}

  --json    a line for each benchmark, to be kept and handed to --report
  --report  writes docs/performance.md, from runs that were kept or from what it runs itself
  --quick   ratios in half a minute that need no backends; fails where one is 25 % above what it was`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    from: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const rounds = Number(values.rounds)
const wanted = positionals.length > 0 ? positionals : Object.keys(BENCHES).filter((name) => name !== 'slow-consumer')

async function runAll(): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = []
  for (const name of wanted) {
    const record = await recordOf(name, async () => (await BENCHES[name]?.run({ rounds })) ?? [])
    if (values.json) console.log(JSON.stringify(record))
    else console.table(record.results.map(shown))
    records.push(record)
  }
  return records
}

if (values.help) console.log(HELP)
else if (wanted.some((name) => !BENCHES[name]) || !(rounds >= 1)) {
  console.error(HELP)
  process.exitCode = 1
} else if (values.quick) process.exitCode = (await runQuick((line) => console.log(line))) ? 0 : 1
else {
  const records = values.from ? readRecords(values.from) : await runAll()
  if (values.report) writeReport(records)
}
