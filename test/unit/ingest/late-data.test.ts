import { type Measurement, type ReadingKey, readingKey, type StoredReading, toInstant } from '@bg-ingest/domain'
import { diffReadings } from '@bg-ingest/ingest'
import { expect } from 'chai'
import fc from 'fast-check'
import { aMeasurement, aStoredReading, aUserId } from '../../support/build.ts'

const START_MS = Date.parse('2026-11-20T12:00:00Z')
const TICKS_PER_SECOND = 1
/** A phone and a receiver, seconds apart by their own clocks. */
const DEVICES = [
  { display: 'iOS', lateSeconds: 0 },
  { display: 'receiver', lateSeconds: 3 },
] as const

interface Sent {
  /** Which measurement of the sensor, and which of its devices uploaded it. */
  readonly nth: number
  readonly device: (typeof DEVICES)[number]
}

/** The n-th measurement of one sensor, as a device uploaded it under the consent of this number. */
const measured = ({ nth, device: { display, lateSeconds } }: Sent, consent = 0): Measurement =>
  aMeasurement({
    timestamp: toInstant(START_MS + (nth * 300 + lateSeconds) * 1000),
    transmitterTicks: nth * 300 * TICKS_PER_SECOND,
    glucose: 100 + nth,
    trend: 'flat',
    trendRate: 0,
    recordId: `${consent}-${nth}-${display}`,
    device: { transmitterId: 'sensor', display },
  })

const sent = fc.record({ nth: fc.nat(9), device: fc.constantFrom(...DEVICES) })
/** Several answers of Dexcom, in which anything comes at any time and as often as it likes. */
const pages = fc.array(fc.array(sent, { maxLength: 8 }), { minLength: 1, maxLength: 6 })

/** Carries out the plan of each page, one after the other; answers what is stored and what each page changed. */
function store(all: readonly (readonly Measurement[])[]) {
  const userId = aUserId('late')
  const stored = new Map<ReadingKey, StoredReading>()
  let committed = 0
  const changed = all.map((page) => {
    const { differences } = diffReadings(page, stored, committed)
    for (const { key, measurement, revision } of differences) {
      committed += 1
      stored.set(key, aStoredReading({ ...measurement, userId, sequence: committed, revision }))
    }
    return differences.length
  })
  return { stored, changed }
}

const ticksOf = (stored: ReadonlyMap<ReadingKey, StoredReading>) =>
  [...stored.values()].map(({ transmitterTicks }) => transmitterTicks ?? -1).sort((a, b) => a - b)

describe('readings that come late, twice, or in any order', () => {
  it('are stored once for each measurement of the sensor, whoever uploaded it', () => {
    fc.assert(
      fc.property(pages, (all) => {
        const { stored } = store(all.map((page) => page.map((one) => measured(one))))
        const wanted = [...new Set(all.flat().map(({ nth }) => nth * 300 * TICKS_PER_SECOND))].sort((a, b) => a - b)
        expect(ticksOf(stored)).to.deep.equal(wanted)
        for (const { revision } of stored.values()) expect(revision).to.equal(1)
      }),
    )
  })

  it('are the same ones after a new consent, under which every record has another id', () => {
    fc.assert(
      fc.property(pages, pages, (before, after) => {
        const known = new Set(before.flat().map(({ nth }) => nth))
        const again = after.map((page) => page.filter(({ nth }) => known.has(nth)).map((one) => measured(one, 1)))
        const { stored, changed } = store([...before.map((page) => page.map((one) => measured(one))), ...again])
        expect(changed.slice(before.length)).to.deep.equal(again.map(() => 0))
        for (const { recordId } of stored.values()) expect(recordId).to.match(/^0-/)
      }),
    )
  })

  it('end as Dexcom had them last, whatever came in between, one revision for each change', () => {
    const version = fc.record({ nth: fc.nat(3), glucose: fc.constantFrom(90, 91, 92) })
    fc.assert(
      fc.property(fc.array(version, { maxLength: 20 }), (versions) => {
        const phone = DEVICES[0]
        const all = versions.map(({ nth, glucose }) => [{ ...measured({ nth, device: phone }), glucose }])
        const { stored } = store(all)
        for (let nth = 0; nth <= 3; nth += 1) {
          const history = versions.filter((one) => one.nth === nth).map(({ glucose }) => glucose)
          const reading = stored.get(readingKey(measured({ nth, device: phone })))
          expect(reading?.glucose).to.equal(history.at(-1))
          const changes = history.filter((glucose, index) => index === 0 || glucose !== history[index - 1]).length
          expect(reading?.revision ?? 0).to.equal(changes)
        }
      }),
    )
  })
})

describe('fingersticks that were taken back or moved', () => {
  const fingerstick = (minute: number, recordId: string, over: Partial<Measurement> = {}) =>
    aMeasurement({
      type: 'manual',
      glucose: 100,
      timestamp: toInstant(START_MS + minute * 60_000),
      transmitterTicks: null,
      recordId,
      ...over,
    })
  const plan = (
    page: readonly Measurement[],
    known: readonly StoredReading[],
    deletions: readonly Measurement[] = [],
  ) =>
    diffReadings(page, new Map(known.map((reading) => [readingKey(reading), reading])), 100, deletions).differences.map(
      ({ kind, revision, key }) => `${kind} ${revision} ${key.slice(11, 16)}`,
    )

  it('are deleted where they are stored, and only there', () => {
    const one = aStoredReading({ ...fingerstick(1, 'one'), sequence: 1 })
    expect(plan([], [one], [fingerstick(1, 'one')])).to.deep.equal(['deleted 2 12:01'])
    expect(plan([], [{ ...one, deleted: true }], [fingerstick(1, 'one')])).to.deep.equal([])
    expect(plan([], [], [fingerstick(1, 'one')])).to.deep.equal([])
    expect(plan([fingerstick(1, 'other')], [one], [fingerstick(1, 'one')])).to.deep.equal([])
  })

  it('come back one revision on', () => {
    const gone = aStoredReading({ ...fingerstick(1, 'one'), sequence: 1, revision: 2, deleted: true })
    expect(plan([fingerstick(1, 'one')], [gone])).to.deep.equal(['created 3 12:01'])
  })

  it('leave their old time and have their new one, also with the ticks they had', () => {
    for (const transmitterTicks of [null, 77]) {
      const one = aStoredReading({ ...fingerstick(1, 'one', { transmitterTicks }), sequence: 1 })
      const moved = plan([fingerstick(5, 'one', { transmitterTicks })], [one])
      expect(moved).to.deep.equal(['deleted 2 12:01', 'created 1 12:05'])
    }
  })

  it('are not sensor readings, which are never taken back', () => {
    const reading = aStoredReading({ timestamp: toInstant(START_MS), recordId: 'one', sequence: 1 })
    expect(plan([fingerstick(5, 'one')], [reading], [reading])).to.deep.equal(['created 1 12:05'])
  })
})
