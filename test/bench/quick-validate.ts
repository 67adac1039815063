import { normaliseRecords } from '@bg-ingest/dexcom'
import { RecordsPage } from '@bg-ingest/dexcom-contract'
import { egvPage } from './egv-records.ts'
import { leastCpu } from './least-cpu.ts'
import type { QuickRatio } from './quick-ratio.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')

/** A day of records, as `pnpm bench validate`. */
export async function quickValidate(): Promise<readonly QuickRatio[]> {
  const page = egvPage('account', NOW_MS - 86_400_000, 0, 288)
  const { parse, whole } = await leastCpu(
    {
      parse: () => JSON.parse(page),
      whole: () => normaliseRecords('cgm', RecordsPage.parse(JSON.parse(page)).records, NOW_MS),
    },
    { rounds: 40, times: 30 },
  )
  return [{ name: 'parse, validate, normalise, of JSON.parse', ratio: whole / parse, was: 2.6 }]
}
