import { setTimeout as delay } from 'node:timers/promises'
import { startSimulator } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { metric } from '../support/e2e-metrics.ts'
import { type ListeningApp, startApp } from '../support/e2e-process.ts'
import { aPerson, fromRunner, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { startTcpProxy, type TcpProxy, targetOf, through } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const PEOPLE = 4

describe('A fleet that never stops polling', function () {
  this.timeout(90_000)
  let wires: {
    readonly redis: TcpProxy
    readonly dynamo: TcpProxy
    readonly rabbit: TcpProxy
    readonly dexcom: TcpProxy
  }
  let dexcom: Awaited<ReturnType<typeof startSimulator>>
  before(async () => {
    dexcom = await startSimulator({
      users: Array.from({ length: PEOPLE }, (_, i) => ({
        name: `fleet-${i}`,
        kind: 'generated' as const,
        profile: 'quiet' as const,
        historyDays: 1,
      })),
    })
    const [redis, dynamo, rabbit, vendor] = await Promise.all(
      [fromRunner('REDIS_URL'), fromRunner('DYNAMODB_ENDPOINT'), fromRunner('RABBITMQ_URL'), dexcom.baseUrl].map(
        (url) => startTcpProxy(targetOf(url)),
      ),
    )
    if (!redis || !dynamo || !rabbit || !vendor) throw new Error('a wire is missing')
    wires = { redis, dynamo, rabbit, dexcom: vendor }
  })
  after(async () => {
    for (const wire of Object.values(wires)) await wire.close()
    await dexcom.stop()
  })

  const system = useSystem(() => ({
    variables: {
      POLL_INTERVAL_SECONDS: '2',
      DEXCOM_API_BASE_URL: through(wires.dexcom, dexcom.baseUrl),
      DEXCOM_CLIENT_ID: dexcom.clientId,
      DEXCOM_CLIENT_SECRET: dexcom.clientSecret,
    },
  }))
  const people: PersonClient[] = []
  let redis: Redis
  before(async () => {
    redis = new Redis(system.variables.REDIS_URL ?? '')
    for (let i = 0; i < PEOPLE; i++) people.push(await system.connect(aPerson('fleet'), `fleet-${i}`))
    for (const person of people) await untilHistoryIs('complete', person)
  })
  after(() => redis.disconnect())

  const lastPolled = async (person: PersonClient) => Date.parse((await person.connection()).lastSuccessAt)
  /** Everybody is polled from this moment on. */
  const untilPolledSince = (since: number, ms: number) =>
    until('everybody is polled', async () => (await Promise.all(people.map(lastPolled))).every((at) => at > since), ms)
  const withWorkerThrough = async (over: Readonly<Record<string, string>>) => {
    const worker = await startApp('worker', { ...system.variables, SHUTDOWN_GRACE_SECONDS: '2', ...over })
    return worker
  }

  it('polls everybody again within 60 s of a loss of all of Redis, without a hand', async () => {
    await redis.flushdb()
    const from = Date.now()
    await untilPolledSince(from, 30_000)
    console.log(`      everybody polled ${Date.now() - from} ms after FLUSHALL`)
    expect(await redis.zcard('bg:bg-tick:repeat')).to.equal(PEOPLE)
  })

  it('counts people by status, at the leader alone', async () => {
    const counted = async (worker: ListeningApp) => (await metric(worker, 'bg_connections{status="connected"}')) ?? 0
    await until('somebody tells', async () => (await Promise.all(system.workers.map(counted))).includes(PEOPLE), 20_000)
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
    await untilPolledSince(Date.now(), 10_000)
  })

  it('does not let a manual sync, or a webhook, move the next poll', async () => {
    const [person = expect.fail()] = people
    const next = () => redis.zrange('bg:bg-tick:repeat', '0', '-1', 'WITHSCORES')
    const phases = async () => (await next()).filter((_, i) => i % 2 === 1).map((at) => Number(at) % 1_000)
    const before = (await phases()).sort()
    for (let i = 0; i < 3; i++) await person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })
    expect((await phases()).sort()).to.deep.equal(before)
  })

  it('runs the jobs of a killed worker again within 16 s', async () => {
    const [victim = expect.fail()] = system.workers
    wires.dexcom.slow(1_000)
    const active = () => redis.lrange('bg:bg-sync:active', 0, -1)
    const ofVictim = async () => {
      const jobs = await active()
      const names = await Promise.all(jobs.map((id) => redis.hget(`bg:bg-sync:${id}`, 'pb')))
      return jobs.filter((_, i) => names[i]?.endsWith(`:${victim.pid}`))
    }
    await until('it has syncs under way', async () => (await ofVictim()).length > 0, 20_000)
    victim.kill('SIGKILL')
    const from = Date.now()
    const orphans = await ofVictim()
    expect(orphans, 'what it leaves').not.to.have.length(0)
    const starts = async (id: string) => Number((await redis.hget(`bg:bg-sync:${id}`, 'ats')) ?? Infinity)
    const before = await Promise.all(orphans.map(starts))
    wires.dexcom.slow(0)
    const isBack = async (id: string, i: number) =>
      (await starts(id)) > (before[i] ?? 0) || (await redis.hexists(`bg:bg-sync:${id}`, 'finishedOn')) === 1
    await until(
      'all of them have been started again',
      async () => (await Promise.all(orphans.map(isBack))).every(Boolean),
      16_000,
    )
    console.log(`      its jobs were started again ${Date.now() - from} ms after SIGKILL`)
    // They may still wait for the lease of the dead, which lasts 15 s.
    await untilPolledSince(from, 20_000)
    console.log(`      everybody polled ${Date.now() - from} ms after SIGKILL`)
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
