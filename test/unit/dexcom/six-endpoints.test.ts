import { DAY_MS, epochMs, READING_TYPES, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { START_MS, type Visitor, visitSimulator } from '../../support/simulator-visitor.ts'
import { aCall, aClient } from './a-client.ts'

const MONTH = { fromMs: START_MS - 30 * DAY_MS, toMs: START_MS }

// A generated life of 40 days; client and simulator were written from one page by different hands.
describe('the client and the simulator', () => {
  let visitor: Visitor
  before(async () => {
    visitor = await visitSimulator()
  })
  after(() => visitor.simulator.stop())

  const connected = async () => {
    const { access_token: accessToken } = await visitor.connect('cy')
    const { client } = aClient(visitor.simulator.baseUrl)
    return { client, call: { ...aCall(), accessToken } }
  }

  for (const type of READING_TYPES) {
    it(`agree on a month of ${type}: every record is read, none is odd`, async () => {
      const { client, call } = await connected()
      const found = await client.fetchReadings(call, type, MONTH)
      expect(found.measurements.length).to.be.above(0).and.equal(found.fetched)
      expect([...found.rejected.keys()].filter((reason) => reason !== 'value_missing')).to.deep.equal([])
      expect([...found.unknownValues]).to.deep.equal([])
      expect(found.measurements.every(({ timestamp }) => epochMs(timestamp) >= MONTH.fromMs)).to.equal(true)
    })
  }

  it('agree on the span of all data, and on what is new', async () => {
    const { client, call } = await connected()
    const all = await client.dataRange(call)
    const { measurements, dexcomUserId } = await client.fetchReadings(call, 'cgm', MONTH)
    const newest = Math.max(...measurements.map(({ timestamp }) => epochMs(timestamp)))
    expect(all).to.include({ dexcomUserId })
    expect(all.egvs?.toMs).to.equal(newest)
    const recent = await client.dataRange(call, toInstant(START_MS - DAY_MS))
    expect(recent.egvs?.toMs).to.equal(newest)
    expect(recent.egvs?.fromMs).to.be.above(Number(all.egvs?.fromMs))
  })

  it('agree on devices and alerts', async () => {
    const { client, call } = await connected()
    const { devices } = await client.devices(call)
    expect(devices).to.have.length(1)
    expect(devices[0]).to.deep.include({ generation: 'g7', display: 'iOS', app: 'G7' })
    expect(devices[0]?.lastUploadAt).to.be.a('string')
    const { rejected, unknownValues, alerts } = await client.alerts(call, MONTH)
    expect([rejected.size, unknownValues.size]).to.deep.equal([0, 0])
    expect(alerts.every(({ name, state }) => name !== '' && state !== '')).to.equal(true)
  })
})
