import type { PublicReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import type { Answer, PersonClient } from '../support/e2e-client.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'

const CADENCE_MS = 300_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** With a fraction of a second, as newer phones write it; two hours ago, so that Dexcom's delay is over. */
const NEWEST_MS = Math.floor((Date.now() - 2 * HOUR_MS) / 1000) * 1000 + 123
const COUNT = 600
/** Oldest first: values from below to above what a sensor measures, none like its neighbour. */
const recorded = Array.from({ length: COUNT }, (_, i) => ({
  systemTimeMs: NEWEST_MS - (COUNT - 1 - i) * CADENCE_MS,
  value: i % 50 === 0 ? 39 : i % 50 === 1 ? 401 : 40 + ((i * 37) % 361),
  trend: 'fortyFiveUp' as const,
  trendRate: 1.5,
}))

const READING_KEYS = [
  'id',
  'userId',
  'timestamp',
  'localTime',
  'glucose',
  'unit',
  'bound',
  'trend',
  'trendRate',
  'type',
  'device',
  'sequence',
  'revision',
  'receivedAt',
]
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const iso = (ms: number) => new Date(ms).toISOString()
const query = (pairs: Readonly<Record<string, string>>) => `?${new URLSearchParams(pairs)}`
const EVERYTHING = { from: iso(NEWEST_MS - 30 * DAY_MS), to: iso(Date.now()) }

/** The contract's own words: divided by 18.01559, rounded half up to a tenth. */
const inMmol = (mgdl: number) => Math.floor((mgdl / 18.01559) * 10 + 0.5) / 10

describe('Reads as the contract has them', function () {
  this.timeout(30_000)
  const system = useSystem({
    name: 'reads',
    workers: 1,
    simulator: {
      users: [
        { name: 'recorded', kind: 'replay', readings: recorded, zone: 'America/New_York' },
        { name: 'mixed', kind: 'generated', profile: 'lively', historyDays: 12, device: 'g6-ios' },
      ],
    },
  })
  let person: PersonClient
  let mixed: PersonClient
  before(async () => {
    person = await system.connect(aPerson('reads'), 'recorded')
    mixed = await system.connect(aPerson('mixed'), 'mixed')
    await Promise.all([untilHistoryIs('complete', person), untilHistoryIs('complete', mixed)])
  })

  const pageOf = async (pairs: Readonly<Record<string, string>>, client = person) => {
    const { status, json, text } = await client.call('GET', query(pairs))
    expect(status, text).to.equal(200)
    return json
  }
  const times = (readings: readonly PublicReading[]) => readings.map(({ timestamp }) => timestamp)
  const newestFirst = recorded.map(({ systemTimeMs }) => iso(systemTimeMs)).reverse()

  describe('the latest', () => {
    it('is flat, with its freshness', async () => {
      const { status, json } = await person.call('GET', '/latest')
      const last = recorded.at(-1)
      expect(status).to.equal(200)
      expect(Object.keys(json)).to.have.members([...READING_KEYS, 'freshness'])
      expect(json).to.include({
        userId: person.userId,
        timestamp: iso(NEWEST_MS),
        glucose: last?.value,
        unit: 'mg/dL',
        bound: null,
        trend: 'fortyFiveUp',
        trendRate: 1.5,
        type: 'cgm',
        revision: 1,
      })
      expect(Object.keys(json.device)).to.have.members(['transmitterId', 'generation', 'display', 'app'])
      expect(json.receivedAt).to.match(INSTANT)
      expect(json.localTime).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?-0[45]:00$/)
      // Dexcom's displayTime has whole seconds.
      expect(Date.parse(json.localTime), 'the same moment').to.equal(Math.floor(NEWEST_MS / 1000) * 1000)
    })

    it('knows how old it is, and when the next can come', async () => {
      const { freshness } = (await person.call('GET', '/latest')).json
      expect(Object.keys(freshness)).to.have.members(['state', 'ageSeconds', 'vendorDelaySeconds', 'expectedNextAt'])
      const ageSeconds = (Date.now() - NEWEST_MS) / 1000
      expect(freshness.ageSeconds).to.be.within(Math.floor(ageSeconds) - 5, Math.ceil(ageSeconds))
      expect(freshness.state).to.equal('current')
      expect(freshness.vendorDelaySeconds).to.be.a('number')
      expect(Date.parse(freshness.expectedNextAt)).to.be.above(Date.now())
    })

    it('is rounded once, half up, in mmol/L', async () => {
      const { json } = await person.call('GET', query({ unit: 'mmol/L' }).replace('?', '/latest?'))
      expect(json).to.include({ unit: 'mmol/L', glucose: inMmol(recorded.at(-1)?.value ?? 0) })
    })

    it('is 404 for somebody without readings', async () => {
      const { status, json } = await (await system.person(aPerson('nobody'))).call('GET', '/latest')
      expect([status, json.code]).to.deep.equal([404, 'no_readings'])
    })
  })

  describe('a range', () => {
    it('is the last 24 hours, newest first, 288 at most, unless asked otherwise', async () => {
      const page = await pageOf({})
      expect(Object.keys(page)).to.have.members(['userId', 'from', 'to', 'unit', 'readings', 'next', 'completeThrough'])
      expect(page).to.include({ userId: person.userId, unit: 'mg/dL' })
      expect(Date.parse(page.to) - Date.parse(page.from)).to.equal(DAY_MS)
      expect(Math.abs(Date.parse(page.to) - Date.now())).to.be.below(5_000)
      expect(times(page.readings)).to.deep.equal(newestFirst.filter((time) => time >= page.from && time < page.to))
      expect(page.completeThrough).to.match(INSTANT)
      for (const reading of page.readings) expect(Object.keys(reading)).to.have.members(READING_KEYS)
      expect((await pageOf(EVERYTHING)).readings).to.have.length(288)
    })

    it('begins at from and ends before to', async () => {
      const [from, middle, to] = [newestFirst[20], newestFirst[15], newestFirst[10]] as [string, string, string]
      const { readings } = await pageOf({ from, to, order: 'asc' })
      expect(times(readings)).to.deep.equal(newestFirst.slice(11, 21).reverse())
      expect(times((await pageOf({ from: middle, to: iso(Date.parse(middle) + 1) })).readings)).to.deep.equal([middle])
      expect(
        (await pageOf({ from: iso(Date.parse(middle) + 1), to: iso(Date.parse(middle) + 2) })).readings,
      ).to.deep.equal([])
    })

    it('is the same under its other names, and in any zone', async () => {
      const [from, to] = [newestFirst[20] ?? '', newestFirst[10] ?? '']
      const inOffset = (time: string) => iso(Date.parse(time) + 5.5 * HOUR_MS).replace('Z', '+05:30')
      const wanted = await pageOf({ from, to })
      expect(await pageOf({ startDate: from, endDate: to })).to.deep.equal(wanted)
      expect(await pageOf({ from: inOffset(from), to: inOffset(to) })).to.deep.equal(wanted)
    })

    it('shows bounds where a value means below or above', async () => {
      const { readings } = await pageOf({ ...EVERYTHING, limit: '1000' })
      const bounds = new Map<number, unknown>(readings.map((r: PublicReading) => [r.glucose, r.bound]))
      expect([bounds.get(39), bounds.get(401), bounds.get(40)]).to.deep.equal(['low', 'high', null])
    })

    it('is rounded once, half up, in mmol/L', async () => {
      const { readings } = await pageOf({ ...EVERYTHING, limit: '1000', order: 'asc', unit: 'mmol/L' })
      expect(readings.map(({ glucose }: PublicReading) => glucose)).to.deep.equal(recorded.map((r) => inMmol(r.value)))
      for (const { unit } of readings) expect(unit).to.equal('mmol/L')
    })

    for (const order of ['asc', 'desc'] as const)
      it(`is whole when its links are followed, ${order}`, async () => {
        const pages: Answer[] = []
        let path: string | null = query({ ...EVERYTHING, order, limit: '97', unit: 'mmol/L' })
        while (path) {
          const page: Answer = await person.call('GET', path)
          pages.push(page)
          path = linkOf(page)
        }
        expect(pages).to.have.length(Math.ceil(COUNT / 97))
        for (const { json } of pages) expect(json).to.include({ ...EVERYTHING, unit: 'mmol/L' })
        const seen = pages.flatMap(({ json }) => times(json.readings))
        expect(seen).to.deep.equal(order === 'asc' ? newestFirst.toReversed() : newestFirst)
      })

    /** The link to the next page; it and the cursor of the body go together. */
    function linkOf({ headers, json }: Answer): string | null {
      const [, link = null] = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '') ?? []
      const cursor = link === null ? null : new URL(link, system.apiUrl).searchParams.get('cursor')
      expect(cursor).to.equal(json.next)
      return link
    }

    it('ends without a further page where the last one is full', async () => {
      const { readings, next } = await pageOf({ ...EVERYTHING, limit: String(COUNT) })
      expect([readings.length, next]).to.deep.equal([COUNT, null])
      const one = await pageOf({ ...EVERYTHING, limit: String(COUNT - 1) })
      expect(one.next).to.be.a('string')
      expect(times((await pageOf({ cursor: one.next })).readings)).to.deep.equal(newestFirst.slice(-1))
    })

    it('holds the types that were asked for', async () => {
      const { readings } = await system.sim('GET', 'truth?user=mixed')
      const known = (readings as { type: string; systemTime: string; isNull: boolean }[]).filter(
        ({ isNull }) => !isNull,
      )
      const wanted = (...types: string[]) =>
        known.filter(({ type }) => types.includes(type)).map(({ type, systemTime }) => `${systemTime} ${type}`)
      const shown = async (types: string) => {
        const all: PublicReading[] = []
        let next: string | null = null
        do {
          const page = await pageOf(
            { ...EVERYTHING, limit: '1000', order: 'asc', ...(next && { cursor: next }) },
            {
              ...mixed,
              call: (method, path) => mixed.call(method, `${path}${types}`),
            },
          )
          all.push(...page.readings)
          next = page.next
        } while (next)
        return all.map(({ type, timestamp }) => `${timestamp} ${type}`).sort()
      }
      expect(wanted('manual').length, 'fingersticks').to.be.above(0)
      expect(wanted('calibration').length, 'calibrations').to.be.above(0)
      expect(await shown('&type=manual')).to.deep.equal(wanted('manual').sort())
      expect(await shown('&type=calibration&type=manual')).to.deep.equal(wanted('calibration', 'manual').sort())
      expect(await shown('&type=cgm')).to.deep.equal(wanted('cgm').sort())
      expect(await shown('')).to.deep.equal(wanted('cgm', 'calibration', 'manual').sort())
    })

    it('is empty for somebody nobody knows', async () => {
      const page = await pageOf({}, await system.person(aPerson('nobody')))
      expect(page).to.deep.include({ readings: [], next: null, completeThrough: null })
    })
  })

  for (const path of ['/latest', query(EVERYTHING), '?'])
    describe(`GET ${path.split('=')[0]} again`, () => {
      it('is 304 while nothing has changed', async () => {
        const first = await person.call('GET', path)
        const etag = first.headers.get('etag') ?? ''
        expect(etag).to.match(/^"[^"]+"$/)
        expect(first.headers.get('cache-control')).to.equal('private, no-cache')
        for (const sent of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
          const again = await person.call('GET', path, { headers: { 'if-none-match': sent } })
          expect([again.status, again.text, again.headers.get('etag')], sent).to.deep.equal([304, '', etag])
        }
        const other = await person.call('GET', path, { headers: { 'if-none-match': '"other"' } })
        expect([other.status, other.headers.get('etag')]).to.deep.equal([200, etag])
      })

      it('has another tag in another unit', async () => {
        const inOther = `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ unit: 'mmol/L' })}`
        const tags = await Promise.all(
          [path, inOther].map(async (p) => (await person.call('GET', p)).headers.get('etag')),
        )
        expect(tags[0]).to.not.equal(tags[1])
      })

      it('can be asked for its head alone', async () => {
        const [whole, head] = await Promise.all([person.call('GET', path), person.call('HEAD', path)])
        expect([head.status, head.text]).to.deep.equal([200, ''])
        for (const name of ['etag', 'content-type', 'cache-control'])
          expect(head.headers.get(name), name).to.equal(whole.headers.get(name))
        const { status } = await person.call('HEAD', path, {
          headers: { 'if-none-match': whole.headers.get('etag') ?? '' },
        })
        expect(status).to.equal(304)
      })
    })
})
