import { normaliseRecords } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import fc from 'fast-check'
import { anEgv, NOW_MS } from './wire.ts'

const ZONE = process.env.TZ
const MINUTE_MS = 60_000

const two = (n: number) => String(n).padStart(2, '0')
const sizeOf = (minutes: number) => [two(Math.floor(Math.abs(minutes) / 60)), two(Math.abs(minutes) % 60)] as const
const signOf = (minutes: number) => (minutes < 0 ? '-' : '+')

interface Zone {
  readonly suffix: string
  /** What is meant, in minutes; null where nothing is said. */
  readonly offset: number | null
}

/** How a zone may be written (dexcom-api.md 4). Seconds: two stamps that were not in step, rounded to the minute. */
const ZONES: Readonly<Record<string, (minutes: number) => Zone>> = {
  none: () => ({ suffix: '', offset: null }),
  Z: () => ({ suffix: 'Z', offset: 0 }),
  '+hh': (m) => {
    const hours = Math.trunc(m / 60) * 60
    return { suffix: signOf(hours) + sizeOf(hours)[0], offset: hours }
  },
  '+hh:mm': (m) => ({ suffix: signOf(m) + sizeOf(m).join(':'), offset: m }),
  '+hhmm': (m) => ({ suffix: signOf(m) + sizeOf(m).join(''), offset: m }),
  '+hh:mm:02': (m) => ({ suffix: `${signOf(m)}${sizeOf(m).join(':')}:02`, offset: m }),
  '+hh:mm:58': (m) => {
    const minutes = m === 0 ? 15 : m
    return { suffix: `${signOf(minutes)}${sizeOf(Math.abs(minutes) - 1).join(':')}:58`, offset: minutes }
  },
}

/** How a wall clock may be written. */
const CLOCKS: Readonly<Record<string, (wall: string, digits: string) => string>> = {
  seconds: (wall: string) => wall,
  'no seconds': (wall: string) => wall.slice(0, 16),
  fraction: (wall: string, digits: string) => `${wall}.${digits}`,
} as const

interface Written {
  readonly wallMs: number
  readonly clock: (wall: string, digits: string) => string
  readonly digits: string
  readonly separator: string
  readonly minutes: number
  readonly zone: (minutes: number) => Zone
}

const written: fc.Arbitrary<Written> = fc.record({
  // Whole seconds, years 1970 to 2026.
  wallMs: fc.integer({ min: 0, max: Math.floor(NOW_MS / 1000) - 86_400 }).map((s) => s * 1000),
  clock: fc.constantFrom(...Object.values(CLOCKS)),
  digits: fc.stringMatching(/^\d{1,9}$/),
  separator: fc.constantFrom('T', ' '),
  // Half and quarter hours too: Kolkata 330, Kathmandu 345, Chatham 765, Apia 780, Marquesas -570.
  minutes: fc.oneof(
    fc.constantFrom(330, 345, 765, 780, 840, -570, -660),
    fc.integer({ min: -48, max: 56 }).map((n) => n * 15),
  ),
  zone: fc.constantFrom(...Object.values(ZONES)),
})

/** The text, and what the page says it means. */
function compose({ wallMs, clock, digits, separator, minutes, zone }: Written) {
  const { suffix, offset } = zone(minutes)
  const shownMs = clock === CLOCKS['no seconds'] ? wallMs - (wallMs % MINUTE_MS) : wallMs
  const wall = new Date(shownMs).toISOString().slice(0, 19)
  const fractionMs = clock === CLOCKS.fraction ? Number(digits.slice(0, 3).padEnd(3, '0')) : 0
  return {
    text: `${clock(wall, digits)}${suffix}`.replace('T', separator),
    timestamp: new Date(shownMs + fractionMs - (offset ?? 0) * MINUTE_MS).toISOString(),
    localTime: offset === null ? wall : `${wall}${signOf(offset)}${sizeOf(offset).join(':')}`,
  }
}

describe('times on the wire, composed from every part that was ever seen', () => {
  for (const zone of ['America/New_York', 'Pacific/Apia', 'Asia/Kolkata', 'Pacific/Chatham', 'UTC']) {
    describe(`on a machine in ${zone}`, () => {
      before(() => {
        process.env.TZ = zone
        expect(Intl.DateTimeFormat().resolvedOptions().timeZone).to.be.oneOf([zone, 'Asia/Calcutta'])
      })
      after(() => {
        if (ZONE === undefined) delete process.env.TZ
        else process.env.TZ = ZONE
      })

      it('become the instant and the wall clock that they say (fast-check prints its seed)', () => {
        fc.assert(
          fc.property(written, (parts) => {
            const { text, timestamp, localTime } = compose(parts)
            const [reading] = normaliseRecords(
              'cgm',
              [anEgv({ systemTime: text, displayTime: text })],
              NOW_MS,
            ).measurements
            expect(reading, text).to.include({ timestamp, localTime })
          }),
          { numRuns: 300 },
        )
      })

      // The hours that New York skips and repeats, and the day that Apia never had (2011-12-30).
      for (const [systemTime, displayTime] of [
        ['2026-03-08T06:55:00.000Z', '2026-03-08T01:55:00-05:00'],
        ['2026-03-08T07:00:00.000Z', '2026-03-08T03:00:00-04:00'],
        ['2025-11-02T05:30:00.000Z', '2025-11-02T01:30:00-04:00'],
        ['2025-11-02T06:30:00.000Z', '2025-11-02T01:30:00-05:00'],
        ['2011-12-30T12:00:00.000Z', '2011-12-31T02:00:00+14:00'],
      ] as const) {
        it(`keeps ${systemTime} and ${displayTime} apart`, () => {
          const [reading] = normaliseRecords('cgm', [anEgv({ systemTime, displayTime })], NOW_MS).measurements
          expect(reading).to.include({ timestamp: systemTime, localTime: displayTime })
        })
      }

      it('reads a receiver, which knows no zone: systemTime as UTC, displayTime as it stands', () => {
        const record = anEgv({
          systemTime: '2011-12-30T02:30:31',
          displayTime: '2011-12-29T19:30:29',
          displayDevice: 'receiver',
        })
        const [reading] = normaliseRecords('cgm', [record], NOW_MS).measurements
        expect(reading).to.include({ timestamp: '2011-12-30T02:30:31.000Z', localTime: '2011-12-29T19:30:29' })
      })
    })
  }
})
