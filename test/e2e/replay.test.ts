import { loadHall2018, loadNightscout, type SimulatedUser } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { metricOfAll } from '../support/e2e-metrics.ts'
import {
  type Expected,
  HALL_DAYS,
  HALL_IDS,
  hallExpected,
  nightscoutExpected,
  recordings,
} from '../support/e2e-recordings.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

interface Recorded {
  readonly userId: string
  readonly account: string
  readonly expected: Expected
  readonly user: SimulatedUser
}

function recorded(): readonly Recorded[] {
  const { hallCsv, nightscoutJson } = recordings()
  const replayed = (account: string, expected: Expected, readings: ReturnType<typeof loadNightscout>): Recorded => ({
    userId: aPerson('replay'),
    account,
    expected,
    user: { name: account, kind: 'replay', readings },
  })
  return [
    ...HALL_IDS.map((id) => replayed(id, hallExpected(hallCsv, id), loadHall2018(hallCsv, id, { days: HALL_DAYS }))),
    replayed('nightscout-g7', nightscoutExpected(nightscoutJson), loadNightscout(nightscoutJson)),
  ]
}

describe('Replay of real readings', function () {
  this.timeout(60_000)
  const people = recorded()
  const system = useSystem({ name: 'replay', simulator: { users: people.map(({ user }) => user) } })
  const rejectedByWorkers = () => metricOfAll(system.workers, 'bg_readings_total{type="cgm",result="rejected"}')
  const rejectedInFiles = people.reduce((sum, { expected }) => sum + expected.rejected, 0)
  let listener: Listener
  before(async () => {
    listener = await listen()
    const connected = await Promise.all(people.map(({ userId, account }) => system.connect(userId, account)))
    await Promise.all(connected.map((person) => untilHistoryIs('complete', person)))
  })
  after(() => listener.close())

  it('rejected and counted every row without a value', async () => {
    expect(people.map(({ expected }) => expected.rejected > 0)).to.deep.equal([true, true, false])
    expect(await rejectedByWorkers()).to.equal(rejectedInFiles)
  })

  for (const { userId, account, expected } of people) {
    it(`serves what the file of ${account} says, reading by reading`, async () => {
      const person = await system.person(userId)
      const shown = await person.everyReading()
      expect(shown.map(({ timestamp, glucose }) => ({ timestamp, glucose }))).to.deep.equal(expected.readings)
      expect(shown.length).to.be.above(200)
      for (const reading of shown) expect(reading).to.include({ type: 'cgm', unit: 'mg/dL', bound: null, userId })
      expect((await person.connection()).history).to.include({ percent: 100, readings: shown.length })
      const sequences = shown.map(({ sequence }) => sequence).sort((a, b) => a - b)
      expect(sequences).to.deep.equal(Array.from(shown, (_, i) => i + 1))
    })

    it(`stores nothing of ${account} in a second full sync`, async () => {
      const person = await system.person(userId)
      const before = await person.everyReading()
      expect(await fullSync(person, expected)).to.include({
        fetched: expected.readings.length + expected.rejected,
        stored: 0,
        updated: 0,
        unchanged: expected.readings.length,
        rejected: expected.rejected,
      })
      expect(await person.everyReading()).to.deep.equal(before)
    })

    it(`told the world of every reading of ${account} once, in order`, async () => {
      const stored = await (await system.person(userId)).everyReading()
      await until('every change is told', () => consume(listener.about(userId)).through >= stored.length)
      const { readings, kinds, through } = consume(listener.about(userId))
      expect([through, [...kinds]]).to.deep.equal([stored.length, ['created']])
      expect(readings).to.deep.equal(new Map(stored.map((reading) => [reading.id, reading])))
      expectWellFormed(userId)
    })
  }

  it('counted the rows without a value again in the second sync', async () => {
    expect(await rejectedByWorkers()).to.equal(2 * rejectedInFiles)
  })

  async function fullSync(person: PersonClient, { readings }: Expected) {
    const from = readings[0]?.timestamp ?? ''
    const to = new Date(Date.parse(readings.at(-1)?.timestamp ?? '') + 1000).toISOString()
    const { status, json } = await person.call('POST', '/sync', { body: { from, to }, headers: { prefer: 'wait=30' } })
    expect([status, json.status, json.attached]).to.deep.equal([200, 'completed', false])
    return json.result
  }

  function expectWellFormed(userId: string): void {
    const events = listener.about(userId)
    expect(events.filter(({ routingKey }) => routingKey === 'connection.connected')).to.have.length(1)
    expect(new Set(events.map(({ messageId }) => messageId)).size, 'no message twice').to.equal(events.length)
    for (const { event, messageId, contentType, persistent } of events) {
      expect([messageId, contentType, persistent]).to.deep.equal([event.id, 'application/cloudevents+json', true])
      expect(event).to.include({ specversion: '1.0', source: '/bg-ingest', subject: userId })
    }
  }
})
