import type { Window } from '@bg-ingest/domain'
import type { Account } from '../accounts.ts'
import { chance, hashText } from '../generator/hash.ts'
import type { Order, SourceRecord } from '../series.ts'
import { createQuirkDice } from './quirk-dice.ts'
import { type PageType, recordTexts } from './record-texts.ts'
import { type View, visibleRecords } from './visible-records.ts'
import { createWireWriter, type WireWriter } from './wire-records.ts'

/** About 110 KB of text a piece: large enough to be quick, small enough to keep memory flat. */
const RECORDS_A_PIECE = 200

const SALT = { repeat: 90, shuffle: 91 }

/** The JSON of one list answer, in pieces, made while it is sent. `idSalt` as for createWireWriter. */
export function* recordPage(
  type: PageType,
  account: Account,
  view: View,
  window: Window,
  idSalt = '',
): Generator<string> {
  let piece = `{"recordType":"${type}","recordVersion":"3.0","userId":"${account.shownUserId}","records":[`
  let count = 0
  for (const text of ordered(account, window, textsOf(type, account, view, window, idSalt))) {
    piece += (count === 0 ? '' : ',') + text
    count += 1
    if (count % RECORDS_A_PIECE !== 0) continue
    yield piece
    piece = ''
  }
  yield `${piece}]}`
}

type Written = readonly [SourceRecord, ReturnType<WireWriter['egv']>]

function* textsOf(type: PageType, account: Account, view: View, window: Window, idSalt: string): Generator<string> {
  const { options, dice } = account
  const hasQuirk = createQuirkDice(account)
  const repeats = (key: string) => chance(dice, SALT.repeat, hashText(key)) < (options.repeats ?? 0)
  const order = options.order === 'oldest-first' ? 'oldest-first' : 'newest-first'
  // Only /alerts documents its end: exclusive (dexcom-api.md 3).
  const isClosed = options.bounds === 'closed' && type !== 'alert'
  const span = isClosed ? { ...window, toMs: window.toMs + 1 } : window
  for (const [source, record] of wireRecords(type, account, view, { span, order, idSalt })) {
    const texts = [...recordTexts({ type, source, record }, hasQuirk)]
    yield* texts
    if (options.repeats !== undefined && repeats(source.key)) yield* texts
  }
}

interface Asked {
  readonly span: Window
  readonly order: Order
  readonly idSalt: string
}

function* wireRecords(pageType: PageType, account: Account, view: View, asked: Asked): Generator<Written> {
  const { span, order, idSalt } = asked
  const visible = visibleRecords(account, view)
  const write = createWireWriter(account, idSalt)
  switch (pageType) {
    case 'egv':
      for (const record of visible.egvs(span, order)) yield [record, write.egv(record)]
      break
    case 'calibration':
      for (const record of visible.calibrations(span, order)) yield [record, write.calibration(record)]
      break
    case 'event':
      for (const record of visible.events(span, order)) yield [record, write.event(record)]
      break
    case 'alert':
      for (const record of visible.alerts(span, order)) yield [record, write.alert(record)]
      break
    default: {
      pageType satisfies never
    }
  }
}

/** Shuffled pages must be held whole, at most 30 days of them; all others pass through. */
function ordered({ options, dice }: Account, { fromMs, toMs }: Window, texts: Iterable<string>): Iterable<string> {
  if (options.order !== 'shuffled') return texts
  const seed = hashText(`${dice}\n${fromMs}\n${toMs}`)
  const deck = [...texts].map((text, i) => ({ text, place: chance(seed, SALT.shuffle, i) }))
  return deck.sort((a, b) => a.place - b.place).map(({ text }) => text)
}
