import { dataRange, deviceList } from '@bg-ingest/dexcom-simulator/parts'
import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { accountOf, person, START_MS } from './accounts.ts'
import { minutesAgo, pageOf, recordsOf, steady, VIEW } from './pages.ts'

const ids = (of: ReturnType<typeof steady>) => recordsOf(of, 'egv').map(({ recordId }) => recordId)

describe('simulator: how it answers', () => {
  it('holds the end of a window or not; alerts never hold it', () => {
    const window = { fromMs: minutesAgo(60), toMs: minutesAgo(30) }
    expect(pageOf(steady(), 'egv', window).records).to.have.lengthOf(6)
    expect(pageOf(steady({ bounds: 'closed' }), 'egv', window).records).to.have.lengthOf(7)
    const low = { held: [{ fromMs: minutesAgo(30), toMs: START_MS, value: 60 }] }
    const until = (toMs: number) =>
      pageOf(steady({ ...low, bounds: 'closed' }), 'alert', { fromMs: minutesAgo(60), toMs })
    expect(until(minutesAgo(30)).records).to.have.lengthOf(0)
    expect(until(minutesAgo(30) + 1000).records).to.have.lengthOf(1)
  })

  it('orders a page as told; shuffled is the same for the same window', () => {
    const newest = ids(steady())
    expect(ids(steady({ order: 'oldest-first' }))).to.deep.equal(newest.toReversed())
    const shuffled = ids(steady({ order: 'shuffled' }))
    expect(shuffled).to.deep.equal(ids(steady({ order: 'shuffled' })))
    expect(shuffled).to.have.members(newest)
    expect([newest, newest.toReversed()]).not.to.deep.include(shuffled)
  })

  it('repeats records of a page exactly', () => {
    const twice = recordsOf(steady({ repeats: 1 }), 'egv')
    expect(twice).to.have.lengthOf(48)
    expect(new Set(twice.map((record) => JSON.stringify(record))).size).to.equal(24)
    expect(ids(steady({ repeats: 0.5 })).length).to.be.within(28, 44)
  })

  it('carries the userId of another account, and keeps its own record ids', () => {
    const foreign = steady({ answersAs: 'bob' })
    const bob = accountOf({ name: 'bob', kind: 'replay', readings: [] })
    expect(pageOf(foreign, 'egv').userId).to.equal(bob.dexcomUserId)
    expect(dataRange(foreign, VIEW, null)).to.include({ userId: bob.dexcomUserId })
    expect(deviceList(foreign, VIEW)).to.include({ userId: bob.dexcomUserId })
    expect(ids(foreign)).to.deep.equal(ids(steady()))
  })

  it('hides devices', () => {
    expect(deviceList(steady({ hidesDevices: true }), VIEW)).to.deep.include({ records: [] })
  })

  it('goes by systemTime instead of upload time in dataRange, if told so', () => {
    const offline = [{ fromMs: minutesAgo(60), toMs: minutesAgo(30), uploadedAtMs: minutesAgo(10) }]
    const since = minutesAgo(12)
    const start = (basis: 'upload' | 'systemTime') =>
      (dataRange(steady({ offline, lastSync: { basis } }), VIEW, since) as Range).egvs?.start.systemTime
    expect(Date.parse(start('upload') ?? '')).to.equal(minutesAgo(60))
    expect(Date.parse(start('systemTime') ?? '')).to.equal(minutesAgo(10))
  })

  it('is wrong about a lastSyncTime of more than 100 days ago, if told so', () => {
    const account = (old: 'right' | 'everything' | 'nulls') =>
      accountOf(person({ historyDays: 130, lastSync: { old } }))
    const start = (old: 'right' | 'everything' | 'nulls', days: number) => {
      const { egvs } = dataRange(account(old), VIEW, START_MS - days * DAY_MS) as Range
      return egvs && Math.round((START_MS - Date.parse(egvs.start.systemTime)) / DAY_MS)
    }
    expect([start('right', 101), start('everything', 101), start('nulls', 101)]).to.deep.equal([101, 130, null])
    expect([start('right', 99), start('everything', 99), start('nulls', 99)]).to.deep.equal([99, 99, 99])
  })

  it('gives start and end of a category with one record the same time', () => {
    const { calibrations } = dataRange(
      steady({ calibrations: [{ systemTimeMs: minutesAgo(9), value: 90 }] }),
      VIEW,
      null,
    ) as Range
    expect(calibrations?.start).to.deep.equal(calibrations?.end)
  })
})

interface Span {
  readonly start: { readonly systemTime: string }
  readonly end: { readonly systemTime: string }
}
interface Range {
  readonly egvs: Span | null
  readonly calibrations: Span | null
}
