import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { metric } from '../support/e2e-metrics.ts'
import { type ListeningApp, startApp } from '../support/e2e-process.ts'
import { fromRunner, useSystem } from '../support/e2e-system.ts'
import {
  connectAll,
  expectNobodyAskedForTwice,
  failedJobs,
  lastPolled,
  quietUsers,
  syncsOf,
  untilPolledSince,
} from '../support/fleet-watch.ts'
import { isStopped } from '../support/kill-order.ts'
import { startTcpProxy, type TcpProxy, targetOf, through } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const PEOPLE = ['fleet-0', 'fleet-1', 'fleet-2', 'fleet-3']
const POLLED = 'bg_sync_total{trigger="poll",outcome="completed"}'
/** Longer than the pace of the polls: everybody's sync is under way. */
const HELD_MS = 4_000
/** promises.md, N1: a lock of 10 s, a look for stalled jobs every 3, and what a busy machine is late. */
const RUN_AGAIN_WITHIN_MS = 16_000

describe('A fleet that never stops polling', function () {
  this.timeout(90_000)
  let wires: Readonly<Record<'redis' | 'dynamo' | 'rabbit', TcpProxy>>
  before(async () => {
    const [redis, dynamo, rabbit] = await Promise.all(
      ['REDIS_URL', 'DYNAMODB_ENDPOINT', 'RABBITMQ_URL'].map((name) => startTcpProxy(targetOf(fromRunner(name)))),
    )
    if (!redis || !dynamo || !rabbit) throw new Error('a wire is missing')
    wires = { redis, dynamo, rabbit }
  })
  after(async () => {
    for (const wire of Object.values(wires)) await wire.close()
  })

  const system = useSystem({
    variables: { POLL_INTERVAL_SECONDS: '2' },
    simulator: { users: quietUsers(PEOPLE) },
  })
  let people: PersonClient[]
  let redis: Redis
  before(async () => {
    redis = new Redis(system.variables.REDIS_URL ?? '')
    people = await connectAll(system, PEOPLE)
  })
  after(() => redis.disconnect())

  const withWorkerThrough = (over: Readonly<Record<string, string>>) =>
    startApp('worker', { ...system.variables, SHUTDOWN_GRACE_SECONDS: '2', ...over })

  it('polls everybody again within 60 s of a loss of all of Redis, without a hand', async () => {
    await redis.flushdb()
    console.log(`      everybody polled ${await untilPolledSince(people, Date.now(), 30_000)} ms after FLUSHALL`)
    expect(await redis.zcard('bg:bg-tick:repeat')).to.equal(PEOPLE.length)
  })

  it('counts people by status, at the leader alone', async () => {
    const counted = async (worker: ListeningApp) => (await metric(worker, 'bg_connections{status="connected"}')) ?? 0
    await until(
      'somebody tells',
      async () => (await Promise.all(system.workers.map(counted))).includes(PEOPLE.length),
      20_000,
    )
  })

  it('lets a person be paused, and polled again at another pace', async () => {
    const [person = expect.fail()] = people
    const change = (body: object) => person.call('PATCH', '/connection', { body })
    const paused = await change({ paused: true })
    expect([paused.status, paused.json.paused, paused.json.nextPollAt]).to.deep.equal([200, true, null])
    // What was under way at the pause has ended by now; from here on nothing may begin for two intervals.
    await delay(2_500)
    const before = await lastPolled(person)
    await delay(4_000)
    expect(await lastPolled(person)).to.equal(before)
    const resumed = await change({ paused: false, pollIntervalSeconds: 3 })
    expect([resumed.status, resumed.json.pollIntervalSeconds]).to.deep.equal([200, 3])
    expect(resumed.json.nextPollAt).to.be.a('string')
    await untilPolledSince(people, Date.now(), 10_000)
  })

  it('does not let a manual sync, or a webhook, move the next poll', async () => {
    const [person = expect.fail()] = people
    const next = () => redis.zrange('bg:bg-tick:repeat', '0', '-1', 'WITHSCORES')
    const phases = async () => (await next()).filter((_, i) => i % 2 === 1).map((at) => Number(at) % 1_000)
    const before = (await phases()).sort()
    for (let i = 0; i < 3; i++) await person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })
    expect((await phases()).sort()).to.deep.equal(before)
  })

  it('runs the jobs of a killed worker, and of one that stands still, again within 16 s', async () => {
    const [killed = expect.fail(), frozen = expect.fail()] = system.workers
    await system.startWorker()
    await system.sim('POST', 'faults', { endpoint: 'egvs', delayMs: HELD_MS })
    const of = (worker: ListeningApp) => syncsOf(redis, worker)
    /** Begun just now, so that it is still under way when the signal comes. */
    const isBusy = async (worker: ListeningApp) => (await of(worker)).some(({ at }) => Date.now() - at < HELD_MS / 2)
    await until('both have work', async () => (await isBusy(killed)) && (await isBusy(frozen)), 40_000)
    const done = await metric(frozen, POLLED)
    killed.kill('SIGKILL')
    frozen.kill('SIGSTOP')
    const from = Date.now()
    await until('the worker stands still', () => isStopped(frozen.pid))
    const left = [...(await of(killed)), ...(await of(frozen))]
    for (const worker of [killed, frozen]) expect(await of(worker), 'what it leaves').not.to.have.length(0)
    const starts = async (id: string) => Number((await redis.hget(`bg:bg-sync:${id}`, 'ats')) ?? Infinity)
    const before = await Promise.all(left.map(({ id }) => starts(id)))
    await system.sim('DELETE', 'faults')
    const isBack = async ({ id }: { id: string }, i: number) =>
      (await starts(id)) > (before[i] ?? 0) || (await redis.hexists(`bg:bg-sync:${id}`, 'finishedOn')) === 1
    const allBack = async () => (await Promise.all(left.map(isBack))).every(Boolean)
    await until('all of them have been started again', allBack, RUN_AGAIN_WITHIN_MS)
    console.log(`      their jobs were started again ${Date.now() - from} ms after SIGKILL and SIGSTOP`)
    // They may still wait for the lease of who is gone, which lasts 15 s.
    console.log(`      everybody polled ${await untilPolledSince(people, from, 25_000)} ms after it`)

    frozen.kill('SIGCONT')
    await until('it polls again, by itself', async () => (await metric(frozen, POLLED)) > done, 20_000)
    await expectNobodyAskedForTwice(system)
    expect(await failedJobs(redis)).to.equal(0)
  })

  describe('shutting down within 2 s', () => {
    const cases = [
      ['everything there', () => ({}), () => undefined],
      [
        'Redis frozen',
        () => ({ REDIS_URL: through(wires.redis, system.variables.REDIS_URL ?? '') }),
        () => wires.redis.freeze(),
      ],
      [
        'DynamoDB frozen',
        () => ({ DYNAMODB_ENDPOINT: through(wires.dynamo, system.variables.DYNAMODB_ENDPOINT ?? '') }),
        () => wires.dynamo.freeze(),
      ],
      [
        'RabbitMQ frozen',
        () => ({ RABBITMQ_URL: through(wires.rabbit, system.variables.RABBITMQ_URL ?? '') }),
        () => wires.rabbit.freeze(),
      ],
    ] as const
    it(`exits with 0, while people are polled, with ${cases.map(([what]) => what).join('; ')}`, async () => {
      const workers: ListeningApp[] = []
      // One by one: a start takes a second of a core, and a busy machine has few.
      for (const [, variables] of cases) workers.push(await withWorkerThrough(variables()))
      await delay(1_000)
      for (const [, , freeze] of cases) freeze()
      await delay(500)
      const ends = workers.map(async (worker, i) => {
        const from = performance.now()
        worker.kill('SIGTERM')
        const exit = await worker.exited()
        return { what: cases[i]?.[0], ...exit, inTime: performance.now() - from < 3_000, log: worker.output() }
      })
      const exits = await Promise.all(ends)
      for (const wire of Object.values(wires)) wire.thaw()
      for (const { log, ...exit } of exits) expect(exit, log).to.deep.include({ code: 0, signal: null, inTime: true })
    })
  })
})
