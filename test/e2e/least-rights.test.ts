import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RunningRabbitmq, startRabbitmq } from '@bg-ingest/local-stack'
import { connect } from 'amqplib'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { documentedRights } from '../support/documented-rights.ts'
import { call, type PersonClient } from '../support/e2e-client.ts'
import { type Listener, listen } from '../support/e2e-events.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const NAME = 'bg-ingest'
const PASSWORD = 'of-the-service-alone'
const OPERATOR = { user: 'operator', password: 'o'.repeat(16) }

/** docs/operations/deploy.md tells operators which rights the service needs: with those, and no others, all of it works. */
describe('The service with the rights that deploy.md gives it', function () {
  this.timeout(120_000)
  let dir: string
  let redis: LocalRedis
  let broker: RunningRabbitmq
  let listener: Listener
  const asService = (url: string) => Object.assign(new URL(url), { username: NAME, password: PASSWORD }).href

  before(async () => {
    const rights = documentedRights()
    dir = await mkdtemp(join(tmpdir(), 'bg-rights-'))
    redis = await startRedis()
    const admin = new Redis(redis.url)
    await admin.call('ACL', 'SETUSER', NAME, 'on', `>${PASSWORD}`, ...rights.redis).finally(() => admin.disconnect())
    broker = await startRabbitmq({ env: process.env, dir })
    const control = (...args: string[]) =>
      run('/usr/lib/rabbitmq/bin/rabbitmqctl', ['-q', ...args], { env: { ...broker.controlEnv } })
    await control('add_user', NAME, PASSWORD)
    await control('set_permissions', NAME, ...rights.rabbitmq)
    listener = await listen(broker.url)
  })
  const system = useSystem(() => ({
    workers: 1,
    variables: {
      REDIS_URL: asService(redis.url),
      RABBITMQ_URL: asService(broker.url),
      POLL_INTERVAL_SECONDS: '2',
      OPERATOR_PASSWORD: OPERATOR.password,
      OPERATOR_ACTIONS: 'true',
    },
    simulator: { users: [{ name: 'ria', kind: 'generated', profile: 'quiet', historyDays: 1 }] },
  }))
  after(async () => {
    await listener?.close()
    await broker?.stop()
    await redis?.stop()
    await rm(dir, { recursive: true, force: true })
  })

  let person: PersonClient
  it('connects, imports, polls, syncs by hand and tells', async () => {
    person = await system.connect(aPerson('rights'), 'ria')
    await untilHistoryIs('complete', person)
    const before = Date.now()
    await until('polls go on', async () => Date.parse((await person.connection()).lastSuccessAt) > before, 20_000)
    const { json } = await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    expect(json.status).to.equal('completed')
    await until('it is told', () => listener.about(person.userId).length > 0, 20_000)
    expect((await person.call('GET', '/latest')).status).to.equal(200)
  })

  it('is ready, and shows its queues to the operator', async () => {
    const { status, json } = await call(`${system.apiUrl}/readyz`, 'GET')
    expect([status, json.degraded]).to.deep.equal([200, []])
    const authorization = `Basic ${btoa(`${OPERATOR.user}:${OPERATOR.password}`)}`
    const board = await call(`${system.apiUrl}/admin/queues/api/queues`, 'GET', { headers: { authorization } })
    expect(board.status).to.equal(200)
  })

  it('disconnects and erases', async () => {
    expect((await person.call('DELETE', '/connection?erase=true')).status).to.equal(202)
    await until(
      'it is told',
      () => listener.about(person.userId).some(({ routingKey }) => routingKey === 'user.erased'),
      20_000,
    )
  })

  it('was refused nothing by Redis or RabbitMQ', () => {
    for (const app of [system.api, ...system.workers])
      expect(app.output()).not.to.match(/NOPERM|ACCESS_REFUSED|access refused/i)
  })

  it('could do no more with them', async () => {
    const own = new Redis(asService(redis.url), { retryStrategy: () => null })
    for (const command of ['FLUSHALL', 'KEYS *', 'CONFIG GET *', 'GET another:key', 'ACL LIST'])
      expect(await outcomeOf(own.call(...(command.split(' ') as [string])))).to.include('NOPERM')
    own.disconnect()
    const connection = await connect(asService(broker.url))
    for (const what of ['queue', 'exchange'] as const) {
      const channel = await connection.createChannel()
      channel.on('error', () => undefined)
      const asked = what === 'queue' ? channel.assertQueue('another') : channel.assertExchange('another', 'topic')
      expect(await outcomeOf(asked), what).to.include('ACCESS_REFUSED')
    }
    await connection.close()
  })
})

const outcomeOf = (attempt: Promise<unknown>): Promise<string> => attempt.then(() => 'granted', String)
