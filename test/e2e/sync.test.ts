import { expect } from 'chai'
import type { Answer, PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

/** Longer than a few calls of this test take, shorter than anybody's patience. */
const SLOW_MS = 2_500
const HARDLY_EVER_S = 86_400

describe('Syncs that somebody asks for', function () {
  this.timeout(40_000)
  const system = useSystem({
    name: 'sync',
    simulator: {
      users: ['plain', 'slow', 'refused', 'late'].map((name) => ({
        name,
        kind: 'generated',
        profile: 'quiet',
        historyDays: 1,
      })),
    },
  })
  let listener: Listener
  before(async () => {
    listener = await listen()
  })
  after(() => listener.close())

  const connected = async (account: string) => {
    const person = await system.connect(aPerson(account), account)
    await untilHistoryIs('complete', person)
    // The first poll is asked for by connecting; behind it the queue is empty.
    await until('the first poll has ended', async () => (await person.connection()).lastSuccessAt !== null)
    return person
  }
  const ask = (person: PersonClient, prefer?: string) =>
    person.call('POST', '/sync', prefer === undefined ? {} : { headers: { prefer } })
  const statusOf = async (person: PersonClient, jobId: string) => (await person.call('GET', `/sync/${jobId}`)).json
  const callsOf = async (user: string, endpoint: string, after = 0) =>
    (await system.sim('GET', `journal?user=${user}&endpoint=${endpoint}&after=${after}`)).entries

  const KEYS = ['jobId', 'userId', 'status', 'trigger', 'attached', 'result', 'error']
  const RESULT = ['from', 'to', 'fetched', 'stored', 'updated', 'unchanged', 'rejected', 'durationMs']

  it('are accepted at once, and can be followed to their end and afterwards', async () => {
    const person = await connected('plain')
    const accepted = await ask(person)
    expect(accepted.status).to.equal(202)
    expect(Object.keys(accepted.json)).to.have.members(KEYS)
    expect(accepted.json).to.include({ userId: person.userId, trigger: 'manual', attached: false, error: null })
    const location = accepted.headers.get('location') ?? ''
    expect(location).to.equal(`/api/bg/${person.userId}/sync/${accepted.json.jobId}`)

    await until('the sync has ended', async () => (await person.call('GET', location)).json.status === 'completed')
    const ended = (await person.call('GET', location)).json
    expect(Object.keys(ended)).to.have.members(KEYS)
    expect(Object.keys(ended.result)).to.have.members(RESULT)
    expect(ended.result.fetched).to.equal(ended.result.unchanged)
    expect(ended.result.stored + ended.result.updated + ended.result.rejected).to.equal(0)
    expect(await statusOf(person, accepted.json.jobId), 'kept as it was').to.deep.equal(ended)
  })

  it('are waited for where the caller prefers it', async () => {
    const person = await connected('plain')
    const answer = await ask(person, 'wait=20')
    expect([answer.status, answer.json.status, answer.json.attached]).to.deep.equal([200, 'completed', false])
    expect(answer.headers.get('preference-applied')).to.equal('wait=20')
    expect(Object.keys(answer.json.result)).to.have.members(RESULT)
    expect((await ask(person, 'respond-async')).status, 'no preference we know').to.equal(202)
  })

  it('run once more, and no oftener, for all who ask while one runs', async () => {
    const person = await connected('slow')
    // A poll whose turn comes in between would be a third call.
    await person.call('PATCH', '/connection', { body: { pollIntervalSeconds: HARDLY_EVER_S } })
    const isSo = async () => (await person.connection()).pollIntervalSeconds === HARDLY_EVER_S
    await until('nobody polls meanwhile', isSo)
    const since = (await callsOf('slow', 'egvs')).at(-1).sequence
    await system.sim('POST', 'faults', { endpoint: 'egvs', user: 'slow', count: 2, delayMs: SLOW_MS })

    const first = (await ask(person)).json
    await until('the first runs', async () => (await callsOf('slow', 'egvs', since)).length === 1)
    expect((await statusOf(person, first.jobId)).status).to.equal('active')

    const others: Answer[] = [await ask(person), await ask(person), await ask(person, 'wait=1')]
    expect(new Set(others.map(({ json }) => json.jobId)).size, 'one follow-up').to.equal(1)
    expect(others.map(({ json }) => json.attached)).to.deep.equal([false, true, true])
    expect(
      others.map(({ status }) => status),
      'one second was not enough',
    ).to.deep.equal([202, 202, 202])
    const followUp = others[0]?.json.jobId
    expect(followUp).to.not.equal(first.jobId)

    await until(
      'the follow-up has ended',
      async () => (await statusOf(person, followUp)).status === 'completed',
      15_000,
    )
    expect((await statusOf(person, first.jobId)).status).to.equal('completed')
    expect(await callsOf('slow', 'egvs', since)).to.have.length(2)
  })

  it('end with a reason where Dexcom no longer lets us in, and call nobody until the person connects again', async () => {
    const person = await connected('refused')
    await system.sim('POST', 'revoke', { user: 'refused' })
    const refused = await ask(person, 'wait=20')
    expect([refused.status, refused.json.status, refused.json.result]).to.deep.equal([200, 'failed', null])
    expect(refused.json.error.code).to.equal('needs_reauth')
    expect(refused.json.error.detail).to.be.a('string').and.not.equal('')

    const view = await person.connection()
    expect([view.status, view.problem?.code, view.nextPollAt]).to.deep.equal(['needs_reauth', 'needs_reauth', null])
    expect((await person.call('GET', '/latest')).json.freshness).to.include({
      state: 'needs_reauth',
      expectedNextAt: null,
    })
    const calls = (await system.sim('GET', 'journal?user=refused')).entries.length
    const again = await ask(person)
    expect([again.status, again.json.code]).to.deep.equal([409, 'not_connected'])
    expect((await system.sim('GET', 'journal?user=refused')).entries).to.have.length(calls)

    const keys = () => listener.about(person.userId).map(({ routingKey }) => routingKey)
    await until('the world is told', () => keys().includes('sync.failed'))
    expect(keys().filter((key) => key === 'connection.needs_reauth')).to.have.length(1)

    await system.connect(person.userId, 'refused')
    expect(await person.connection()).to.deep.include({ status: 'connected', problem: null })
    expect((await ask(person, 'wait=20')).json.status).to.equal('completed')
    expect(() => consume(listener.about(person.userId))).to.not.throw()
  })

  it('fetch what lies far back where a span is named', async () => {
    const person = await connected('late')
    const to = new Date().toISOString()
    const from = new Date(Date.now() - 70 * 86_400_000).toISOString()
    const since = (await callsOf('late', 'egvs')).at(-1).sequence
    const answer = await person.call('POST', '/sync', { body: { from, to }, headers: { prefer: 'wait=30' } })
    expect(answer.json.result).to.include({ from, to, stored: 0, updated: 0 })
    const asked = await callsOf('late', 'egvs', since)
    expect(asked, 'at most 30 days a call').to.have.length(3)
    for (const { query } of asked)
      expect(Date.parse(`${query.endDate}Z`) - Date.parse(`${query.startDate}Z`)).to.be.at.most(30 * 86_400_000)
  })
})
