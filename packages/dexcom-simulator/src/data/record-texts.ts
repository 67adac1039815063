import type { RecordType } from '@bg-ingest/dexcom-contract'
import { hashText } from '../generator/hash.ts'
import { recordId } from '../identity.ts'
import type { SourceRecord } from '../series.ts'
import type { HasQuirk } from './quirk-dice.ts'
import { quirkyRecord, type WireRecord } from './quirky-record.ts'

export type PageType = RecordType | 'alert'

const LONG_TEXT = 'x'.repeat(10 * 1024)

interface Written {
  readonly type: PageType
  readonly source: SourceRecord
  readonly record: WireRecord
}

/** JSON of a record with its quirks, and of what may stand beside it. What stands beside it can never be a reading. */
export function* recordTexts({ type, source, record }: Written, hasQuirk: HasQuirk): Generator<string> {
  const { key } = source
  const odd = quirkyRecord(record, key, hasQuirk)
  const beside = (name: string, change: WireRecord) => ({
    ...odd,
    recordId: recordId(String(record['recordId']), name),
    ...change,
  })
  if (!hasQuirk('badRecord', key)) yield JSON.stringify(odd)
  else yield* badTexts(odd, beside, hashText(`${type}-${key}`))
  if (type === 'egv' && hasQuirk('nullValue', key)) {
    yield JSON.stringify(beside('null', { value: null, status: null, trend: 'none', trendRate: null }))
  }
  if (type === 'event' && hasQuirk('noteEvent', key)) {
    yield JSON.stringify(beside('note', { eventType: 'note', eventSubType: null, value: 'felt fine', unit: null }))
  }
}

type Beside = (name: string, change: WireRecord) => WireRecord

/** A true record whose own text is too long or too clever, or a true record and a broken copy of it. */
const BAD: readonly ((record: WireRecord, beside: Beside) => readonly string[])[] = [
  (record) => [JSON.stringify({ ...record, sensorHealth: LONG_TEXT })],
  (record) => [`${JSON.stringify(record).slice(0, -1)},"__proto__":{"value":1}}`],
  (record, beside) => [JSON.stringify(record), JSON.stringify(beside('bad', { value: 'abc' }))],
  (record, beside) => [JSON.stringify(record), JSON.stringify(beside('bad', { value: 'NaN' }))],
  (record, beside) => [JSON.stringify(record), JSON.stringify(beside('bad', { value: isText(record) ? '-5' : -5 }))],
  // JSON.stringify knows no infinity, so the number is written by hand.
  (record, beside) => [
    JSON.stringify(record),
    JSON.stringify(beside('bad', { value: LONG_TEXT })).replace(`"${LONG_TEXT}"`, isText(record) ? '"1e309"' : '1e309'),
  ],
  (record, beside) => [JSON.stringify(record), JSON.stringify(beside('bad', { systemTime: undefined }))],
  (record, beside) => [JSON.stringify(record), JSON.stringify(beside('bad', { recordId: undefined }))],
]

function badTexts(record: WireRecord, beside: Beside, dice: number): readonly string[] {
  return BAD[dice % BAD.length]?.(record, beside) ?? []
}

/** Values of events are text. */
const isText = (record: WireRecord) => typeof record['value'] === 'string'
