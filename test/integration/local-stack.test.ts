import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { AppError } from '@bg-ingest/domain'
import { type LocalStack, type StackOptions, startLocalStack, startRabbitmq, startRedis } from '@bg-ingest/local-stack'
import { connect } from 'amqplib'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { HAS_PROC, isAlive, processesIn } from '../support/processes.ts'
import { until } from '../support/until.ts'

/** apt-get on a bare machine included. */
const INSTALL_MS = 240_000
const START_MS = 90_000

const REAL = { PATH: process.env.PATH }

async function tablesOf(stack: LocalStack): Promise<readonly string[] | undefined> {
  const client = new DynamoDBClient({
    endpoint: stack.dynamodbEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const { TableNames } = await client.send(new ListTablesCommand({}))
  client.destroy()
  return TableNames
}

describe('local stack', () => {
  let root: string
  let said: string[]
  let opened: { stop(): Promise<void> }[]
  const say = (line: string) => said.push(line)
  const owned = <T extends { stop(): Promise<void> }>(running: T): T => {
    opened.push(running)
    return running
  }
  const start = async (options: Omit<StackOptions, 'say' | 'tmpRoot'>) =>
    owned(await startLocalStack({ say, tmpRoot: root, ...options }))
  const failureOf = (options: Omit<StackOptions, 'say' | 'tmpRoot'>): Promise<unknown> =>
    start(options).then(
      () => undefined,
      (reason: unknown) => reason,
    )
  /** A PATH on which nothing is found: a machine that has none of the backends and no apt-get. */
  const bare = () => ({ PATH: join(root, 'nothing-here') })

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'local-stack-test-'))
    said = []
    opened = []
  })

  afterEach(async function () {
    this.timeout(START_MS)
    await Promise.all(opened.map((running) => running.stop()))
    expect(await processesIn(root)).to.deep.equal([])
    await rm(root, { recursive: true, force: true })
  })

  describe('with real backends', () => {
    it('starts all three, says which, and leaves no process and no folder', async () => {
      const stack = await start({ env: REAL, requireReal: true })
      const { redis, rabbitmq, dynamodb } = stack.backends
      const pids = [redis.pid ?? 0, rabbitmq.pid ?? 0, dynamodb.pid ?? 0]
      // Each leads a group of its own, so that Ctrl-C in a terminal does not reach it before the workers have drained.
      expect(pids.every((pid) => pid > 0 && isAlive(-pid))).to.equal(true)
      expect(said.join('\n')).to.match(/Redis: redis-server \d.*/)
      expect(said.join('\n')).to.match(/RabbitMQ: rabbitmq-server \d/)
      expect(said.join('\n')).to.match(/DynamoDB: DynamoDB Local .* on Java \d/)

      const client = new Redis(stack.redisUrl)
      expect(await client.ping()).to.equal('PONG')
      expect(await client.config('GET', 'maxmemory-policy')).to.deep.equal(['maxmemory-policy', 'noeviction'])
      client.disconnect()
      const broker = await connect(stack.rabbitmqUrl ?? '')
      await broker.close()
      expect(await tablesOf(stack)).to.deep.equal([])
      expect(stack.env).to.deep.equal({
        REDIS_URL: stack.redisUrl,
        RABBITMQ_URL: stack.rabbitmqUrl,
        DYNAMODB_ENDPOINT: stack.dynamodbEndpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
      })
      // The broker itself and not a script beside it: what is frozen or killed by this pid is the broker.
      if (HAS_PROC) expect(await readFile(`/proc/${rabbitmq.pid}/comm`, 'utf8')).to.equal('beam.smp\n')

      await Promise.all([stack.stop(), stack.stop()])
      expect(pids.filter(isAlive)).to.deep.equal([])
      expect(await processesIn(root)).to.deep.equal([])
      expect(await readdir(root)).to.deep.equal([])
    }).timeout(INSTALL_MS)

    it('leaves nothing when it is aborted while they start', async () => {
      const controller = new AbortController()
      const failure = failureOf({ env: REAL, signal: controller.signal })
      const files = () => readdir(root, { recursive: true })
      await until(
        'the broker runs',
        async () => (await files()).some((name) => name.endsWith('rabbitmq/log')),
        START_MS,
      )
      expect(await readdir(root)).to.have.length(1)
      controller.abort(new Error('enough'))
      expect(await failure).to.have.property('message', 'enough')
      expect(await readdir(root)).to.deep.equal([])
      expect(await processesIn(root)).to.deep.equal([])
    }).timeout(START_MS)

    it('stops the others when one does not come up, and shows the end of its log', async () => {
      const bin = await mkdtemp(join(tmpdir(), 'local-stack-bin-'))
      await writeFile(join(bin, 'redis-server'), '#!/bin/sh\necho "no memory today"\nexit 3\n', { mode: 0o755 })
      const failure = await failureOf({ env: { PATH: `${bin}:${process.env.PATH}` } })
      await rm(bin, { recursive: true })
      expect(failure).to.be.instanceOf(AppError)
      expect(String(failure))
        .to.match(/redis-server ended \(exit code 3\)/)
        .and.match(/no memory today/)
      expect(await readdir(root)).to.deep.equal([])
      expect(await processesIn(root)).to.deep.equal([])
    }).timeout(START_MS)

    it('brings Redis data back in the same folder on the same port', async () => {
      const options = { env: REAL, dir: join(root, 'redis'), keepData: true }
      const first = owned(await startRedis(options))
      const before = new Redis(first.url)
      await before.set('kept', 'yes')
      before.disconnect()
      await first.stop()
      const second = owned(await startRedis({ ...options, port: first.port }))
      expect(second.url).to.equal(first.url)
      const after = new Redis(second.url)
      expect(await after.get('kept')).to.equal('yes')
      after.disconnect()
    }).timeout(START_MS)

    it('brings a durable queue back after the broker was killed', async () => {
      const options = { env: REAL, dir: join(root, 'rabbitmq') }
      const first = owned(await startRabbitmq(options))
      const before = await connect(first.url)
      const cut = new Promise((resolve) => before.on('close', resolve).on('error', resolve))
      await (await before.createChannel()).on('error', () => undefined).assertQueue('kept', { durable: true })
      process.kill(first.pid, 'SIGKILL')
      await cut
      await first.stop()
      const second = owned(await startRabbitmq({ ...options, port: first.port }))
      const after = await connect(second.url)
      expect(await (await after.createChannel()).checkQueue('kept')).to.include({ queue: 'kept' })
      await after.close()
    }).timeout(2 * START_MS)
  })

  describe('with endpoints in the environment', () => {
    it('uses them, starts nothing, makes no folder, and prints no password', async () => {
      const endpoints = {
        REDIS_URL: 'rediss://:hunter2@redis.example:6380',
        RABBITMQ_URL: 'amqps://app:hunter2@mq.example',
        DYNAMODB_ENDPOINT: 'http://dynamodb.example:8000',
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'mine',
        AWS_SECRET_ACCESS_KEY: 'also-mine',
      }
      const stack = await start({ env: { ...bare(), ...endpoints }, requireReal: true })
      expect(stack.redisUrl).to.equal(endpoints.REDIS_URL)
      expect(stack.rabbitmqUrl).to.equal(endpoints.RABBITMQ_URL)
      expect(stack.dynamodbEndpoint).to.equal(endpoints.DYNAMODB_ENDPOINT)
      expect(stack.env).to.deep.equal(endpoints)
      for (const { kind, pid } of Object.values(stack.backends)) {
        expect(kind).to.equal('environment')
        expect(pid).to.equal(undefined)
      }
      expect(await readdir(root)).to.deep.equal([])
      expect(said.join('\n')).to.include('redis.example:6380').and.not.include('hunter2')
    })
  })

  describe('on a machine that has none of them', () => {
    it('stands in for DynamoDB, goes without RabbitMQ, and keeps a personal AWS profile away', async () => {
      const env = { ...bare(), AWS_PROFILE: 'mine', AWS_ACCESS_KEY_ID: 'mine' }
      const stack = await start({ env, needs: ['rabbitmq', 'dynamodb'] })
      expect(stack.backends.dynamodb.kind).to.equal('stand-in')
      expect(stack.backends.dynamodb.name).to.match(/^dynalite \d/)
      expect(await tablesOf(stack)).to.deep.equal([])
      expect(stack.backends.rabbitmq.kind).to.equal('off')
      expect(stack.rabbitmqUrl).to.equal(undefined)
      expect(stack.env)
        .to.include({ AWS_PROFILE: '', AWS_ACCESS_KEY_ID: 'local' })
        .and.not.have.property('RABBITMQ_URL')
      expect(said.filter((line) => line.startsWith('RabbitMQ: off'))).to.have.length(1)
      await stack.stop()
      expect(isAlive(stack.backends.dynamodb.pid ?? 0)).to.equal(false)
      expect(await readdir(root)).to.deep.equal([])
    }).timeout(START_MS)

    it('says how to get Redis, which nothing stands in for', async () => {
      const failure = await failureOf({ env: bare() })
      expect(failure).to.be.instanceOf(AppError)
      expect(String(failure)).to.include('apt-get install redis-server').and.include('REDIS_URL')
      expect(await readdir(root)).to.deep.equal([])
    })

    for (const name of ['rabbitmq', 'dynamodb'] as const) {
      it(`refuses to go without a real ${name} when real ones are required`, async () => {
        expect(await failureOf({ env: bare(), needs: [name], requireReal: true })).to.be.instanceOf(AppError)
        expect(await readdir(root)).to.deep.equal([])
      })
    }

    it('does nothing for a signal that is aborted already', async () => {
      const signal = AbortSignal.abort(new Error('too late'))
      expect(await failureOf({ env: bare(), signal })).to.have.property('message', 'too late')
      expect(said).to.deep.equal([])
    })
  })
})
