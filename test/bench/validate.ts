import { normaliseRecords } from '@bg-ingest/dexcom'
import { RecordsPage } from '@bg-ingest/dexcom-contract'
import { egvPage } from './egv-records.ts'
import { type Bench, type BenchOptions, type BenchResult, median, ratioOf, spreadOf } from './result.ts'

const RECORDS = 288
const PAGES = 200
const WARM_UP_ROUNDS = 3
const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const FROM_MS = NOW_MS - 86_400_000
const MOST = 1.35

/** A day of records from text to measurements, the product's own code, against JSON.parse of the same text. */
export const validate: Bench = {
  summary: 'parse, validate and normalise 288 records, against JSON.parse alone',
  async run({ rounds }: BenchOptions) {
    const good = egvPage('account', FROM_MS, 0, RECORDS)
    const bad = good.replace('"value":80,', '"value":"80",')
    if (readPage(good) !== RECORDS || readPage(bad) !== RECORDS - 1) throw new Error('records are not told apart')
    const costs = { base: [] as number[], good: [] as number[] }
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
      const base = cpuOfPage(() => JSON.parse(good))
      const whole = cpuOfPage(() => readPage(good))
      if (round >= 0) {
        costs.base.push(base)
        costs.good.push(whole)
      }
    }
    const ratio = ratioOf(costs.good, costs.base)
    const base = 'JSON.parse of the page'
    const n = PAGES * rounds
    const line = (name: string, values: readonly number[]): BenchResult => ({
      name,
      cpuUs: median(values),
      spread: spreadOf(values),
      ratio: ratioOf(values, costs.base),
      base,
      n,
    })
    const goal = { text: `at most ${MOST} x JSON.parse`, met: ratio <= MOST }
    return [line(base, costs.base), { ...line('parse, validate, normalise', costs.good), goal }]
  },
}

/** How many measurements the product makes of an answer. */
function readPage(body: string): number {
  const { records } = RecordsPage.parse(JSON.parse(body))
  return normaliseRecords('cgm', records, NOW_MS).measurements.length
}

function cpuOfPage(work: () => unknown): number {
  const from = process.cpuUsage()
  for (let page = 0; page < PAGES; page += 1) work()
  const { user, system } = process.cpuUsage(from)
  return (user + system) / PAGES
}
