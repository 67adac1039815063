import { DAY_MS } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS } from './accounts.ts'
import { minutesAgo, pageOf, recordsOf, someone, steady, truthAt, WEEK } from './pages.ts'

const STICK = { systemTimeMs: minutesAgo(100), eventType: 'bloodGlucose', value: '110', unit: 'mg/dL' } as const
const changes = [
  { fromMs: minutesAgo(60), value: '120' },
  { fromMs: minutesAgo(30), deleted: true as const },
]

describe('simulator: events and alerts', () => {
  for (const [updatedEventId, told] of [
    ['same', [['created'], ['updated'], ['deleted']]],
    ['new', [['created'], ['updated'], ['deleted']]],
    ['new-and-deleted', [['created'], ['deleted', 'updated'], ['deleted', 'deleted']]],
  ] as const) {
    it(`an entry is created, updated (id: ${updatedEventId}) and deleted, and stays`, () => {
      const account = steady({ events: [{ ...STICK, changes }], updatedEventId })
      const at = [90, 60, 30].map((minutes) =>
        recordsOf(account, 'event', { nowMs: minutesAgo(minutes), vendorDelayMs: 0 }),
      )
      expect(at.map((records) => records.map(({ eventStatus }) => eventStatus))).to.deep.equal(told)
      expect(at.map((records) => records.at(-1)?.value)).to.deep.equal(['110', '120', '120'])
      expect(at[0]?.[0]?.recordId === at[1]?.at(-1)?.recordId).to.equal(updatedEventId === 'same')
      const sticks = (minutes: number) =>
        truthAt(account, minutesAgo(minutes)).readings.filter(({ type }) => type === 'manual')
      expect([90, 60, 30].map((minutes) => sticks(minutes).map(({ value }) => value))).to.deep.equal([[110], [120], []])
      expect(truthAt(account).deleted.length).to.be.greaterThan(0)
    })
  }

  it('a share of the entries gets a later life', () => {
    const account = someone({ profile: 'lively', eventLife: { updatedShare: 0.5, deletedShare: 0.2, afterMs: 60_000 } })
    const counts = Map.groupBy(recordsOf(account, 'event'), ({ eventStatus }) => eventStatus)
    const share = (status: string) => (counts.get(status)?.length ?? 0) / recordsOf(account, 'event').length
    expect(share('updated')).to.be.within(0.2, 0.6)
    expect(share('deleted')).to.be.within(0.08, 0.35)
    expect(share('created')).to.be.within(0.2, 0.6)
  })

  it('scripted entries of every kind and calibrations stand among the others', () => {
    const account = steady({
      events: [STICK, { systemTimeMs: minutesAgo(50), eventType: 'notes', value: 'free text' }],
      calibrations: [{ systemTimeMs: minutesAgo(40), value: 96, uploadTimeMs: START_MS }],
    })
    expect(recordsOf(account, 'event').map(({ eventType }) => eventType)).to.deep.equal(['notes', 'bloodGlucose'])
    expect(recordsOf(account, 'calibration')).to.have.lengthOf(1)
    expect(recordsOf(account, 'calibration', { nowMs: START_MS - 1, vendorDelayMs: 0 })).to.deep.equal([])
  })

  it('alerts are set off by readings, have the documented fields, and look the same through any window', () => {
    const account = someone({ profile: 'lively' })
    const whole = recordsOf(account, 'alert')
    expect(Object.keys(whole[0] ?? {}).toSorted()).to.deep.equal([
      ...['alertName', 'alertState', 'displayApp', 'displayDevice', 'displayTime', 'recordId', 'systemTime'],
      ...['transmitterGeneration', 'transmitterGenerationVariant', 'transmitterId'],
    ])
    const names = new Set(whole.map(({ alertName }) => alertName))
    expect([...names]).to.include.members(['high', 'low', 'urgentLow', 'rise', 'fall'])
    const middle = WEEK.fromMs + 3.3 * DAY_MS
    const parts = [
      { ...WEEK, fromMs: middle },
      { ...WEEK, toMs: middle },
    ].flatMap((window) => pageOf(account, 'alert', window).records)
    expect(parts).to.deep.equal(whole)
    expect(new Set(whole.map(({ recordId }) => recordId)).size).to.equal(whole.length)
  })

  it('ONE+ knows no urgentLow, urgentLowSoon, rise and fall', () => {
    const names = new Set(
      recordsOf(someone({ profile: 'lively', device: 'one-plus-ios' }), 'alert').map((r) => r.alertName),
    )
    expect([...names].toSorted()).to.deep.equal(['high', 'low', ...(names.has('outOfRange') ? ['outOfRange'] : [])])
  })

  it('silence is said after 20 minutes', () => {
    const quiet = steady({ gaps: [{ fromMs: minutesAgo(60), toMs: minutesAgo(30) }] })
    const alerts = recordsOf(quiet, 'alert')
    expect(alerts.map(({ alertName, alertState }) => [alertName, alertState])).to.deep.equal([
      ['outOfRange', 'inactive'],
      ['outOfRange', 'activeAlarming'],
    ])
    expect(Date.parse(String(alerts[1]?.systemTime))).to.equal(minutesAgo(45))
  })
})
