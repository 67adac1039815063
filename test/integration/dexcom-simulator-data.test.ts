import { DataRange, EgvRecord } from '@bg-ingest/dexcom-contract'
import { DAY_MS, windowsNewestFirst } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS, type Tokens, type Visitor, visitSimulator } from '../support/simulator-visitor.ts'

const HOUR_MS = 3_600_000

describe('dexcom simulator: data', () => {
  const time = { ms: 0 }
  let at: Visitor
  beforeEach(async () => {
    at = await visitSimulator({ monotonicMs: () => time.ms })
  })
  afterEach(() => at.simulator.stop())

  it('wants a token that lives', async () => {
    const { access_token: token, refresh_token } = await at.connect('ada')
    expect((await at.get('devices', token)).status).to.equal(200)
    expect((await fetch(`${at.simulator.baseUrl}/v3/users/self/devices`)).status).to.equal(401)
    expect((await at.get('devices', 'unknown')).status).to.equal(401)
    time.ms += 7_200_000
    expect((await at.get('devices', token)).status).to.equal(401)
    const { access_token: next } = (await (await at.refresh(refresh_token)).json()) as Tokens
    expect((await at.get('devices', next)).status).to.equal(200)
  })

  it('wants exact dates, forward, at most 30 days apart', async () => {
    const { access_token: token } = await at.connect('ada')
    const status = async (query: string) => (await at.get(`egvs?${query}`, token)).status
    expect(await status('startDate=2026-11-01T00:00:00&endDate=2026-12-01T00:00:00')).to.equal(200)
    expect(await status('startDate=2026-11-01T00:00:00&endDate=2026-12-01T00:00:01')).to.equal(400)
    expect(await status('startDate=2026-11-02T00:00:00&endDate=2026-11-01T00:00:00')).to.equal(400)
    expect(await status('startDate=2026-11-01T00:00:00Z&endDate=2026-11-02T00:00:00')).to.equal(400)
    expect(await status('startDate=2026-11-01T00:00:00')).to.equal(400)
  })

  it('is wrapped exactly, also when there is none', async () => {
    const { access_token: token } = await at.connect('bob')
    const long = Date.UTC(2020, 0, 1)
    for (const [kind, recordType] of [
      ['egvs', 'egv'],
      ['calibrations', 'calibration'],
      ['events', 'event'],
    ] as const) {
      const empty = await at.page(kind, token, long, long + DAY_MS)
      expect(empty).to.deep.equal({ recordType, recordVersion: '3.0', userId: empty.userId, records: [] })
      expect(empty.userId).to.match(/^[0-9a-f]{64}$/)
    }
  })

  it('is half-open: a reading belongs to the window that it starts', async () => {
    const { access_token: token } = await at.connect('bob')
    const day = await at.page('egvs', token, START_MS - DAY_MS, START_MS)
    const reading = EgvRecord.parse(day.records[100])
    const ms = Date.parse(reading.systemTime)
    const times = async (fromMs: number, toMs: number) =>
      (await at.page('egvs', token, fromMs, toMs)).records.map((record) => EgvRecord.parse(record).recordId)
    expect(await times(ms, ms + 1000)).to.deep.equal([reading.recordId])
    expect(await times(ms - 1000, ms)).to.deep.equal([])
  })

  it("ends where the vendor's delay begins, and moves with the clock", async () => {
    const { access_token: token } = await at.connect('bob')
    const newest = async () => {
      const { records } = await at.page('egvs', token, at.simulator.clock.now() - DAY_MS, at.simulator.clock.now())
      return Date.parse(EgvRecord.parse(records[0]).systemTime)
    }
    expect(START_MS - (await newest())).to.be.within(HOUR_MS, HOUR_MS + 11 * 60_000)
    await at.sim('POST', 'clock', { advanceMs: 6 * HOUR_MS })
    expect(START_MS + 6 * HOUR_MS - (await newest())).to.be.within(HOUR_MS, HOUR_MS + 11 * 60_000)
  })

  it('is what truth says: all windows together, at any time, late data included', async () => {
    const { access_token: token } = await at.connect('ada')
    let known: readonly TrueReading[] = []
    let late = 0
    for (let hours = 0; hours <= 120; hours += 8) {
      at.simulator.clock.set(START_MS + hours * HOUR_MS)
      const { readings } = (await at.sim('GET', 'truth?user=ada')).body as { readings: TrueReading[] }
      const values = readings.map(({ recordId, value }) => [recordId, value])
      expect(new Map(await everything(at, token))).to.deep.equal(new Map(values as [string, number][]))
      const newest = known.at(-1)?.systemTime ?? ''
      const before = new Set(known.map(({ recordId }) => recordId))
      late += readings.filter(({ recordId, systemTime }) => systemTime < newest && !before.has(recordId)).length
      known = readings
    }
    expect(late, 'readings that came behind newer ones').to.be.greaterThan(10)
  })

  it('dataRange answers for all and since a moment, which needs a zone', async () => {
    const { access_token: token } = await at.connect('bob')
    const all = DataRange.parse(await (await at.get('dataRange', token)).json())
    expect(Date.parse(all.egvs?.start.systemTime ?? '')).to.be.within(
      START_MS - 2 * DAY_MS,
      START_MS - 2 * DAY_MS + HOUR_MS,
    )
    const since = await at.get('dataRange?lastSyncTime=2026-11-20T10:00:00Z', token)
    const fresh = DataRange.parse(await since.json())
    expect(Date.parse(fresh.egvs?.start.systemTime ?? '')).to.be.at.least(Date.UTC(2026, 10, 20, 9, 59))
    expect((await at.get('dataRange?lastSyncTime=2026-11-20T10:00:00', token)).status).to.equal(400)
    const none = DataRange.parse(await (await at.get('dataRange?lastSyncTime=2026-11-20T12:00:00Z', token)).json())
    expect(none.egvs).to.equal(null)
  })

  it('devices ignores dates', async () => {
    const { access_token: token } = await at.connect('bob')
    const plain = await (await at.get('devices', token)).json()
    expect(await (await at.get('devices?startDate=x&endDate=y', token)).json()).to.deep.equal(plain)
  })

  it("a page of 30 days comes within the tenth of a client's patience", async () => {
    const { access_token: token } = await at.connect('cy')
    const startedMs = performance.now()
    const { records } = await at.page('egvs', token, START_MS - 30 * DAY_MS, START_MS)
    expect(records.length).to.be.greaterThan(8000)
    // 0.1 s alone on this kind of machine; the bound leaves room for a busy one.
    expect(performance.now() - startedMs).to.be.lessThan(3000)
  })
})

/** Id and value of all readings that the API shows of the last 31 days, window by window. */
async function everything(at: Visitor, token: string): Promise<[string, number | null][]> {
  const nowMs = at.simulator.clock.now()
  const found: [string, number | null][] = []
  for (const { fromMs, toMs } of windowsNewestFirst({ fromMs: nowMs - 31 * DAY_MS, toMs: nowMs })) {
    for (const kind of ['egvs', 'calibrations', 'events']) {
      const { records } = await at.page(kind, token, fromMs, toMs)
      for (const { recordId, value } of (records as WireRecord[]).filter(isReading))
        found.push([recordId, glucose(value)])
    }
  }
  return found
}

const isReading = ({ eventType = 'bloodGlucose' }: WireRecord) => eventType === 'bloodGlucose'
const glucose = (value: number | string | null) => (value === null ? null : Number(value))

interface WireRecord {
  readonly recordId: string
  readonly eventType?: string
  readonly value: number | string | null
}

interface TrueReading {
  readonly recordId: string
  readonly systemTime: string
  readonly value: number | null
}
