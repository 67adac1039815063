import { calendarMs, epochMs, Instant, parseInstant, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import fc from 'fast-check'

const FIRST = Date.UTC(100, 0, 1)
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

describe('instants', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['2026-11-20T14:49:55Z', '2026-11-20T14:49:55.000Z'],
    ['2026-11-20T14:49:55.5Z', '2026-11-20T14:49:55.500Z'],
    ['2026-11-20T14:49:55.12Z', '2026-11-20T14:49:55.120Z'],
    ['2026-11-20T14:49:55.123456789Z', '2026-11-20T14:49:55.123Z'],
    ['2026-11-20T14:49:55.9999Z', '2026-11-20T14:49:55.999Z'],
    ['2026-11-20T14:49:55-05:00', '2026-11-20T19:49:55.000Z'],
    ['2026-11-20T14:49:55+05:30', '2026-11-20T09:19:55.000Z'],
    ['2026-11-20T14:49:55-00:00', '2026-11-20T14:49:55.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-12-31T23:30:00-01:00', '2027-01-01T00:30:00.000Z'],
    ['0100-01-01T00:00:00Z', '0100-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ]
  for (const [text, instant] of accepted)
    it(`reads ${text}`, () => {
      expect(parseInstant(text)).to.equal(instant)
    })

  const refused = {
    'no zone': '2026-11-20T14:49:55',
    'a date alone': '2026-11-20',
    'no seconds': '2026-11-20T14:49Z',
    'a space for T': '2026-11-20 14:49:55Z',
    'a bare point': '2026-11-20T14:49:55.Z',
    'ten fraction digits': '2026-11-20T14:49:55.1234567890Z',
    '30 February': '2026-02-30T00:00:00Z',
    '29 February of a common year': '2026-02-29T00:00:00Z',
    'month 0': '2026-00-10T00:00:00Z',
    'month 13': '2026-13-10T00:00:00Z',
    'day 0': '2026-01-00T00:00:00Z',
    'hour 24': '2026-11-20T24:00:00Z',
    'minute 60': '2026-11-20T14:60:00Z',
    'second 60': '2026-11-20T23:59:60Z',
    'offset hour 24': '2026-11-20T14:49:55+24:00',
    'offset minute 60': '2026-11-20T14:49:55+01:60',
    'an offset without colon': '2026-11-20T14:49:55+0100',
    'five digits of a year': '12026-11-20T14:49:55Z',
    'a year below 100, which Date takes for 1900 and more': '0026-11-20T14:49:55Z',
    'past the year 9999 by its offset': '9999-12-31T23:59:59-12:00',
    'a line feed behind it': '2026-11-20T14:49:55Z\n',
    'digits that are not ASCII': '２０26-11-20T14:49:55Z',
    nothing: '',
  }
  for (const [what, text] of Object.entries(refused))
    it(`refuses ${what}`, () => {
      expect(parseInstant(text)).to.equal(null)
    })

  it('knows nothing of summer time: an hour that a local clock skips or repeats is an hour like any other', () => {
    const texts = ['2026-03-08T02:30:00Z', '2026-11-01T01:30:00Z']
    expect(texts.map(parseInstant)).to.deep.equal(['2026-03-08T02:30:00.000Z', '2026-11-01T01:30:00.000Z'])
  })

  it('goes to text and back without loss, and sorts as text', () => {
    const time = fc.integer({ min: FIRST, max: LAST })
    fc.assert(
      fc.property(time, time, (a, b) => {
        expect(epochMs(toInstant(a))).to.equal(a)
        expect(parseInstant(toInstant(a))).to.equal(toInstant(a))
        expect(toInstant(a) < toInstant(b)).to.equal(a < b)
      }),
    )
  })

  it('never throws, whatever the text', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789-:TZ+. '), maxLength: 32 })
    fc.assert(fc.property(fc.oneof(fc.string(), digits), (text) => [null, 'string'].includes(type(parseInstant(text)))))
  })
  const type = (value: unknown) => (value === null ? null : typeof value)

  it('refuses moments that four digits of a year cannot say', () => {
    for (const ms of [LAST + 1, Date.UTC(-1, 0), Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => toInstant(ms), String(ms)).to.throw(RangeError)
  })

  it('is served in one shape only', () => {
    expect(Instant.safeParse('2026-11-20T14:49:55.000Z').success).to.equal(true)
    for (const text of ['2026-11-20T14:49:55Z', '2026-11-20T14:49:55.000+00:00', '2026-11-20T14:49:55.0000Z'])
      expect(Instant.safeParse(text).success, text).to.equal(false)
  })

  it('tells calendar times that exist from those that do not', () => {
    expect(calendarMs(2000, 2, 29, 23, 59, 59)).to.equal(Date.UTC(2000, 1, 29, 23, 59, 59))
    expect(calendarMs(1900, 2, 29, 0, 0, 0)).to.equal(null)
    expect(calendarMs(99, 1, 1, 0, 0, 0)).to.equal(null)
  })
})
