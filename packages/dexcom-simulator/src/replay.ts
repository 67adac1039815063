import { parseWireTime } from '@bg-ingest/dexcom-contract'
import { AppError, DAY_MS, type Trend } from '@bg-ingest/domain'
import * as z from 'zod'
import type { ReplayRecord } from './users.ts'

const HALL_ROW = /^"?([^",]+)"?,"?([^",]+)"?,"?(\d+|NA)"?\r?$/

/**
 * Readings of one person of the Hall 2018 table (columns `id,time,gl`; times have no zone and are read as UTC; `NA` is a
 * null value). `days` keeps that many days from the person's first reading on. Throws invalid_request for a bad table.
 */
export function loadHall2018(csvText: string, id: string, { days }: { readonly days?: number } = {}): ReplayRecord[] {
  const readings: ReplayRecord[] = []
  for (const [i, line] of csvText.split('\n').entries()) {
    if (i === 0 || line.trim() === '') continue
    const [, rowId, time = '', value] = HALL_ROW.exec(line) ?? []
    const systemTimeMs = parseWireTime(time)?.epochMs
    if (systemTimeMs === undefined) throw new AppError('invalid_request', `Row ${i + 1} is not id,time,gl`)
    if (rowId === id) readings.push({ systemTimeMs, value: value === 'NA' ? null : Number(value) })
  }
  const [first] = readings
  if (!first) throw new AppError('invalid_request', 'The table has no row of that id')
  const endMs = days === undefined ? Number.POSITIVE_INFINITY : first.systemTimeMs + days * DAY_MS
  return readings.filter(({ systemTimeMs }) => systemTimeMs < endMs)
}

/** Nightscout's words for the arrow, from its own source; what is not here becomes `unknown`. */
const DIRECTIONS: Readonly<Record<string, Trend>> = {
  NONE: 'none',
  DoubleUp: 'doubleUp',
  SingleUp: 'singleUp',
  FortyFiveUp: 'fortyFiveUp',
  Flat: 'flat',
  FortyFiveDown: 'fortyFiveDown',
  SingleDown: 'singleDown',
  DoubleDown: 'doubleDown',
  'NOT COMPUTABLE': 'notComputable',
  'RATE OUT OF RANGE': 'rateOutOfRange',
}

const NightscoutEntry = z.looseObject({
  type: z.string().optional(),
  date: z.number(),
  sgv: z.number().int().optional(),
  direction: z.string().nullish(),
})

/**
 * Sensor readings of a Nightscout export, oldest first; `date` may have a fraction and is floored to the millisecond.
 * Entries of other types (mbg, cal) are left out. Throws invalid_request for a text that is no such export.
 */
export function loadNightscout(jsonText: string): ReplayRecord[] {
  const entries = z.array(NightscoutEntry).safeParse(parseJson(jsonText))
  if (!entries.success) throw new AppError('invalid_request', 'Not a list of Nightscout entries')
  return entries.data
    .filter(({ type }) => type === undefined || type === 'sgv')
    .map(({ date, sgv, direction }) => ({
      systemTimeMs: Math.floor(date),
      value: sgv ?? null,
      trend: direction ? (DIRECTIONS[direction] ?? 'unknown') : null,
    }))
    .sort((a, b) => a.systemTimeMs - b.systemTimeMs)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (err) {
    throw new AppError('invalid_request', 'Not JSON', { cause: err })
  }
}
