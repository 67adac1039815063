import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { findLeaks } from '../support/canaries.ts'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

const NOTICE = { type: 'data.available' }
const MINUTE_MS = 60_000
/** The requirement: what a webhook brings is stored within five seconds. */
const PROCESSED_WITHIN_MS = 5_000

describe('Webhooks', function () {
  this.timeout(60_000)
  const names = ['noticed', 'stormed', 'pushed', 'refused']
  const system = useSystem({
    simulator: { users: names.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })) },
  })
  let listener: Listener
  before(async () => {
    listener = await listen()
  })
  after(() => listener.close())

  const connected = async (account: string) => {
    const person = await system.connect(aPerson(account), account)
    await untilHistoryIs('complete', person)
    await until('the first poll has ended', async () => (await person.connection()).lastSuccessAt !== null)
    return person
  }
  const send = (person: PersonClient, body: unknown, options = {}) =>
    webhookSender(system.apiUrl, system.variables)(person.userId, body, options)
  /** As senders do: under load a read of the store may be refused, and the same delivery comes again. */
  const sendUntilTaken = async (person: PersonClient, id: string) => {
    let answer = await send(person, NOTICE, { id })
    await until('it is taken', async () => {
      if (answer.status === 503) answer = await send(person, NOTICE, { id })
      return answer.status !== 503
    })
    return answer
  }
  const callsOf = async (user: string) => (await system.sim('GET', `journal?user=${user}&endpoint=egvs`)).entries
  const ended = (person: PersonClient, jobId: string) =>
    until(
      `${jobId} has ended`,
      async () => (await person.call('GET', `/sync/${jobId}`)).json.status === 'completed',
      PROCESSED_WITHIN_MS,
    )
  const dexcomIdOf = async (name: string) =>
    (await system.sim('GET', 'users')).users.find((user: { name: string }) => user.name === name).dexcomUserId

  /** A record of /egvs that Dexcom itself does not show yet. */
  const aRecord = (minutesAgo: number, value: number) => {
    const systemTime = new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString().replace(/\.\d+/, '')
    const device = {
      transmitterGeneration: 'g7',
      displayDevice: 'iOS',
      displayApp: 'G7',
      transmitterId: 'a'.repeat(64),
    }
    const units = { unit: 'mg/dL', rateUnit: 'mg/dL/min', trend: 'flat', trendRate: 0.2, status: null }
    const transmitterTicks = 100_000 - minutesAgo * 60
    return { recordId: randomUUID(), systemTime, displayTime: systemTime, transmitterTicks, value, ...units, ...device }
  }

  it('that bring a notice lead to a sync that starts behind them', async () => {
    const person = await connected('noticed')
    const before = (await callsOf('noticed')).length
    const { status, json } = await send(person, NOTICE)
    expect([status, json.accepted, json.duplicate]).to.deep.equal([202, true, false])
    await ended(person, json.jobId)
    const { json: sync } = await person.call('GET', `/sync/${json.jobId}`)
    expect(sync).to.include({ jobId: json.jobId, trigger: 'webhook' })
    expect(sync.result.fetched).to.be.above(0)
    expect((await callsOf('noticed')).length).to.equal(before + 1)
  })

  it('that come fifty times under one id lead to one', async () => {
    const person = await connected('stormed')
    const before = (await callsOf('stormed')).length
    const id = randomUUID()
    const answers = await Promise.all(Array.from({ length: 50 }, () => sendUntilTaken(person, id)))
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(50).fill(202))
    expect(answers.filter(({ json }) => !json.duplicate)).to.have.length(1)
    expect(new Set(answers.map(({ json }) => json.jobId))).to.have.length(1)
    await ended(person, answers[0]?.json.jobId)
    expect((await callsOf('stormed')).length).to.equal(before + 1)
  })

  it('that bring readings have them stored once and told once, whoever finds them afterwards', async () => {
    const person = await connected('pushed')
    const calls = (await callsOf('pushed')).length
    const records = [aRecord(10, 123), aRecord(5, 131)]
    const page = { recordType: 'egv', recordVersion: '3.0', userId: await dexcomIdOf('pushed'), records }
    const before = await person.everyReading()
    const { status, json } = await send(person, page)
    expect(status).to.equal(202)
    await ended(person, json.jobId)
    expect((await person.call('GET', `/sync/${json.jobId}`)).json.result).to.include({
      fetched: 2,
      stored: 2,
      rejected: 0,
    })
    expect((await callsOf('pushed')).length, 'no call to Dexcom').to.equal(calls)

    const again = await send(person, page)
    await ended(person, again.json.jobId)
    expect((await person.call('GET', `/sync/${again.json.jobId}`)).json.result).to.include({ stored: 0, unchanged: 2 })

    const readings = await person.everyReading()
    expect(readings).to.have.length(before.length + 2)
    expect((await person.call('GET', '/latest')).json).to.include({ glucose: 131, trend: 'flat', type: 'cgm' })
    await until('both are told', () => consume(listener.about(person.userId)).through === readings.length)
    expect([...consume(listener.about(person.userId)).readings.values()]).to.have.deep.members(readings)
  })

  it('that are not authentic, fresh, allowed or of this person change nothing', async () => {
    const person = await connected('refused')
    const before = [await callsOf('refused'), await person.everyReading()]
    const page = { recordType: 'egv', recordVersion: '3.0', userId: 'somebody-else', records: [aRecord(5, 99)] }
    const statuses = [
      await send(person, NOTICE, { secret: Buffer.alloc(24, 1) }),
      await send(person, NOTICE, { ahead: -400 }),
      await send(person, NOTICE, { ahead: 400 }),
      await send(person, NOTICE, { scopes: ['bg:read'] }),
      await send(person, page),
      await send(person, { type: 'something.else' }),
    ].map(({ status }) => status)
    expect(statuses).to.deep.equal([401, 401, 401, 403, 403, 400])
    expect([await callsOf('refused'), await person.everyReading()]).to.deep.equal(before)
  })

  it('leave nothing of what they bring in a log, in metrics, or in Redis', async () => {
    const everyone = await Promise.all(names.map((name) => dexcomIdOf(name)))
    expect(await findLeaks(system, { people: [...everyone, 'somebody-else'] })).to.deep.equal([])
  })
})
