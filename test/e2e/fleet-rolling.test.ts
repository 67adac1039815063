import { connectPerson } from '@bg-ingest/demo'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { call, type PersonClient } from '../support/e2e-client.ts'
import type { ListeningApp } from '../support/e2e-process.ts'
import { aSecret, useSystem } from '../support/e2e-system.ts'
import { mostWithin } from '../support/fleet.ts'
import {
  connectAll,
  endInOrder,
  expectNobodyAskedForTwice,
  failedJobs,
  quietUsers,
  startWorker,
  syncsOf,
  underLoad,
  untilPolledSince,
} from '../support/fleet-watch.ts'
import { until } from '../support/until.ts'

const PEOPLE = ['ada', 'bob', 'cyd', 'dee']
/** One beat is 10 s; a new leader compares everybody at once: 256 parts of the registry, from a store that may be busy. */
const FOLLOWED_WITHIN_MS = 60_000
/** 36,000 calls an hour at 80 %: one each 125 ms. */
const CALLS_PER_HOUR = 36_000
const SPACING_MS = 125
const WINDOW_MS = 5_000

describe('A fleet whose workers come and go', function () {
  this.timeout(180_000)
  const password = aSecret()
  const system = useSystem({
    workers: 1,
    variables: { POLL_INTERVAL_SECONDS: '2', DEXCOM_RATE_LIMIT_PER_HOUR: String(CALLS_PER_HOUR) },
    apiVariables: () => ({ OPERATOR_PASSWORD: password, OPERATOR_ACTIONS: 'true' }),
    simulator: { users: quietUsers(PEOPLE), latencyMs: 50 },
  })
  let people: PersonClient[]
  let redis: Redis | null = null
  const inRedis = () => redis ?? expect.fail('not connected')
  const fleet: ListeningApp[] = []
  before(async () => {
    redis = new Redis(system.variables.REDIS_URL ?? '')
    people = await connectAll(system, PEOPLE)
    fleet.push(...system.workers)
  })
  after(() => {
    redis?.disconnect()
    for (const worker of fleet) worker.kill('SIGKILL')
  })

  const start = async (over: Readonly<Record<string, string>> = {}) => {
    const worker = await startWorker({ ...system.variables, ...over })
    fleet.push(worker)
    return worker
  }
  const everybody = (since: number) => untilPolledSince(people, since)

  it('is replaced one by one under load: no job stalls or fails, no read fails (K1); grows to five, shrinks to one (K2)', async () => {
    const statuses = await underLoad(people, async () => {
      await Promise.all([start(), start()])
      for (const worker of fleet.slice()) {
        await start()
        await endInOrder(worker)
      }
      await Promise.all([start(), start()])
      await everybody(Date.now())
      for (const worker of fleet.slice(3, -1)) await endInOrder(worker)
      await everybody(Date.now())
    })
    expect(statuses.read).to.deep.equal([200])
    // What asks for work is shed first where the machine is busy.
    expect(statuses.sync)
      .to.include(202)
      .and.satisfy((all: number[]) => all.every((one) => one === 202 || one === 503))
    expect(await failedJobs(inRedis())).to.equal(0)
    for (const { output } of fleet) expect(output()).not.to.include('job stalled')
    await expectNobodyAskedForTwice(system)
    const { entries } = await system.sim('GET', 'journal')
    const arrivals = entries.map(({ at }: { at: string }) => ({ atMs: Date.parse(at), worker: null }))
    // I8: the budget is the fleet's, however many share it.
    expect(mostWithin(arrivals, WINDOW_MS)).to.be.at.most(Math.ceil((WINDOW_MS / SPACING_MS) * 1.1))
  })

  it('takes over another POLL_INTERVAL_SECONDS: every schedule once, at the new pace (K3)', async () => {
    const last = fleet.at(-1)
    await start({ POLL_INTERVAL_SECONDS: '3' })
    if (last) await endInOrder(last)
    const everies = async () => {
      const ids = await inRedis().zrange('bg:bg-tick:repeat', '0', '-1')
      return Promise.all(ids.map((id) => inRedis().hget(`bg:bg-tick:repeat:${id}`, 'every')))
    }
    const follow = async () => (await everies()).every((every) => every === '3000')
    await until('all schedules follow', follow, FOLLOWED_WITHIN_MS)
    expect(await everies()).to.have.length(PEOPLE.length)
    await everybody(Date.now())
    expect(await inRedis().zcard('bg:bg-tick:delayed')).to.be.at.most(PEOPLE.length)
    expect(await failedJobs(inRedis())).to.equal(0)
  })

  it('stays whole whatever an operator retries and removes on the board (K7)', async () => {
    const [person = expect.fail()] = people
    const headers = {
      authorization: `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`,
      origin: system.apiUrl,
      cookie: 'bg_board=1',
    }
    const act = async (jobId: string, what: string) =>
      (await call(`${system.apiUrl}/admin/queues/api/queues/bg-sync/${jobId}/${what}`, 'PUT', { headers })).status
    const stateOf = async (jobId: string) => {
      const scored = ['delayed', 'completed', 'failed', 'prioritized']
      const found = await Promise.all(scored.map((state) => inRedis().zscore(`bg:bg-sync:${state}`, jobId)))
      return scored[found.findIndex((score) => score !== null)] ?? null
    }

    const syncThatWaits = async () => {
      await system.sim('POST', 'faults', { endpoint: 'egvs', user: PEOPLE[0], status: 500 })
      let jobId = ''
      // What asks for work is shed first where the machine is busy.
      const isAsked = async () => {
        const { status, json } = await person.call('POST', '/sync')
        jobId = json.jobId
        return status === 202
      }
      await until('it is asked for', isAsked, 20_000)
      await until('it waits for its next try', async () => (await stateOf(jobId)) === 'delayed', 20_000)
      return jobId
    }
    const syncNow = async () => (await person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })).json

    // Taken away while it waits: its place must not stay taken.
    const removed = await syncThatWaits()
    expect(await act(removed, 'clean')).to.equal(204)
    await system.sim('DELETE', 'faults')
    expect((await person.call('GET', `/sync/${removed}`)).status).to.equal(404)
    const next = await syncNow()
    expect([next.status, next.jobId === removed]).to.deep.equal(['completed', false])

    // Given up because the person had left, and tried again once they are back, beside polls and a sync by hand.
    const failed = await syncThatWaits()
    expect((await person.call('DELETE', '/connection')).status).to.equal(202)
    await until('it is given up', async () => (await stateOf(failed)) === 'failed', 20_000)
    await system.sim('DELETE', 'faults')
    await connectPerson({ apiUrl: system.apiUrl, token: person.token, userId: person.userId, dexcomUser: 'ada' })
    const [status, beside] = await Promise.all([act(failed, 'retry'), syncNow()])
    expect([status, beside.status]).to.deep.equal([204, 'completed'])
    await until('it is done', async () => (await stateOf(failed)) === 'completed', 10_000)
    expect((await syncNow()).status).to.equal('completed')
    await everybody(Date.now())
    await expectNobodyAskedForTwice(system)
  })

  it('ends at once at the second SIGTERM (I24)', async () => {
    const worker = await start({ SHUTDOWN_GRACE_SECONDS: '20' })
    await system.sim('POST', 'faults', { endpoint: 'egvs', delayMs: 4_000 })
    await until('calls of it hang', async () => (await syncsOf(inRedis(), worker)).length > 0, 30_000)
    worker.kill('SIGTERM')
    await until('it is told', () => worker.output().includes('worker stopping'))
    const from = performance.now()
    worker.kill('SIGTERM')
    expect(await worker.exited()).to.deep.equal({ code: 1, signal: null })
    expect(performance.now() - from).to.be.below(1_000)
    // What it leaves is run again like the jobs of a killed worker (fleet.test.ts).
  })
})
