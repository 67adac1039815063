import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Recordings {
  /** Rows `"id",time,gl` as in Hall et al. 2018. */
  readonly hallCsv: string
  /** Entries as Nightscout exports them. */
  readonly nightscoutJson: string
}

/** Two people with rows without a value (`NA`) among their first ten days. */
export const HALL_IDS = ['2133-023', '1636-69-111'] as const
export const HALL_DAYS = 10

const SHARED = path.resolve(import.meta.dirname, '../../../shared/data')
const FILES = {
  hallCsv: path.join(SHARED, 'hall2018-dexcom-g4/Hall2018_processed.csv'),
  nightscoutJson: path.join(SHARED, 'nightscout-g7/patient_b_entries.json'),
}

/** The real recordings beside the project; where they are absent, made-up ones of the same form, and a line that says so. */
export function recordings(): Recordings {
  if (Object.values(FILES).every((file) => existsSync(file)))
    return { hallCsv: readFileSync(FILES.hallCsv, 'utf8'), nightscoutJson: readFileSync(FILES.nightscoutJson, 'utf8') }
  console.log('      (../shared/data is absent: made-up recordings of the same form are replayed)')
  return { hallCsv: madeUpTable(), nightscoutJson: madeUpEntries() }
}

const CADENCE_MS = 300_000
const DAY_MS = 86_400_000
const MADE_UP_DAYS = 12

/** Within what a sensor measures (40 to 400), and never the same twice in a row. */
const madeUpValue = (i: number) => 60 + ((i * 37) % 241)

function madeUpTable(): string {
  const rows = HALL_IDS.flatMap((id, person) => {
    const startMs = Date.UTC(2016, person, 3, 3, 42, 12)
    return Array.from({ length: (MADE_UP_DAYS * DAY_MS) / CADENCE_MS }, (_, i) => {
      // A gap of an hour each day, a clock that is set 39 s ahead once, and every 500th value missing.
      if (i % 288 < 12) return ''
      const time = new Date(startMs + i * CADENCE_MS + (i > 1000 ? 39_000 : 0)).toISOString()
      return `"${id}",${time.slice(0, 10)} ${time.slice(11, 19)},${i % 500 === 100 ? 'NA' : madeUpValue(i)}`
    }).filter((row) => row !== '')
  })
  return `"id","time","gl"\n${rows.join('\n')}\n`
}

function madeUpEntries(): string {
  const startMs = Date.UTC(2025, 9, 6)
  const entries = Array.from({ length: 280 }, (_, i) => ({
    type: 'sgv',
    // With a fraction of a millisecond, as Nightscout's uploaders write it.
    date: startMs + i * CADENCE_MS + ((i * 7.77) % 1),
    sgv: madeUpValue(i),
    direction: i % 20 === 0 ? 'FortyFiveUp' : 'Flat',
  }))
  return JSON.stringify(entries.reverse())
}

export interface Expected {
  readonly readings: readonly { readonly timestamp: string; readonly glucose: number }[]
  /** Rows without a value. */
  readonly rejected: number
}

/** What the file says, read without any code of the system: this is what the API has to return. */
export function hallExpected(csv: string, id: string): Expected {
  const rows = csv.split('\n').flatMap((line) => {
    const [rowId, time, value] = line.trim().split(',')
    return rowId === `"${id}"` && time && value ? [{ ms: Date.parse(`${time.replace(' ', 'T')}Z`), value }] : []
  })
  const endMs = (rows[0]?.ms ?? 0) + HALL_DAYS * DAY_MS
  const inside = rows.filter(({ ms }) => ms < endMs)
  const valued = inside.filter(({ value }) => value !== 'NA')
  return {
    readings: valued.map(({ ms, value }) => ({ timestamp: new Date(ms).toISOString(), glucose: Number(value) })),
    rejected: inside.length - valued.length,
  }
}

/** As above; a fraction of a millisecond is cut off, as JavaScript's Date does. */
export function nightscoutExpected(json: string): Expected {
  const entries = JSON.parse(json) as { readonly type: string; readonly date: number; readonly sgv: number }[]
  const readings = entries
    .filter(({ type }) => type === 'sgv')
    .sort((a, b) => a.date - b.date)
    .map(({ date, sgv }) => ({ timestamp: new Date(date).toISOString(), glucose: sgv }))
  return { readings, rejected: 0 }
}
