import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BrokerState, createPublisher, type PublisherOptions, type PublishOutcome } from '@bg-ingest/events'
import { type RunningRabbitmq, startRabbitmq } from '@bg-ingest/local-stack'
import { type ChannelModel, connect } from 'amqplib'
import { expect } from 'chai'
import { brokerQueue } from '../support/broker-queue.ts'
import { until } from '../support/until.ts'
import { someEvents } from '../unit/events/some-events.ts'

const run = promisify(execFile)
const TYPE = 'io.bg-ingest.readings.changed.v1'

describe('publisher, on RabbitMQ', function () {
  this.timeout(60_000)
  let dir: string
  let broker: RunningRabbitmq
  const open: (() => unknown)[] = []

  const start = (port?: number) =>
    startRabbitmq({ env: process.env, dir: join(dir, 'broker'), ...(port !== undefined && { port }) })
  const control = (...args: string[]) =>
    run('/usr/lib/rabbitmq/bin/rabbitmqctl', args, { env: { ...broker.controlEnv } })

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bg-publisher-'))
    broker = await start()
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })
  after(async () => {
    await broker.stop()
    await rm(dir, { recursive: true, force: true })
  })

  async function aPublisher(options: Partial<PublisherOptions> = {}) {
    const outcomes: [string, PublishOutcome, number][] = []
    const states: BrokerState[] = []
    const exchange = `bg.events.${randomUUID()}`
    const publisher = createPublisher({
      url: broker.url,
      exchange,
      onOutcome: (...outcome) => outcomes.push(outcome),
      onState: (state) => states.push(state),
      ...options,
    })
    open.push(() => publisher.close())
    await until('connected', () => publisher.state() === 'connected')
    return { publisher, exchange: options.exchange ?? exchange, outcomes, states }
  }

  async function aConnection(): Promise<ChannelModel> {
    const model = await connect(broker.url)
    model.on('error', () => undefined)
    open.push(() => model.close().catch(() => undefined))
    return model
  }

  const aQueue = async (exchange: string, args?: Record<string, unknown>) =>
    brokerQueue(await aConnection(), exchange, args)

  it('publishes whole, persistent and in order', async () => {
    const { publisher, exchange, outcomes } = await aPublisher({ maxInFlight: 7 })
    const messages = await (await aQueue(exchange)).consumed()
    const events = someEvents(100)
    expect(await publisher.publishInOrder(events)).to.equal(100)
    await until('all have arrived', () => messages.length === 100)
    expect(messages.map(({ properties }) => properties.messageId)).to.deep.equal(events.map(({ event }) => event.id))
    const [message] = messages
    expect(message?.fields).to.include({ exchange, routingKey: 'readings.changed' })
    expect(message?.properties).to.include({ deliveryMode: 2, contentType: 'application/cloudevents+json' })
    expect(JSON.parse(message?.content.toString() ?? '')).to.deep.equal(events[0]?.event)
    expect(outcomes).to.deep.equal([[TYPE, 'confirmed', 100]])
  })

  it('shares its channel between people, each in order', async () => {
    const { publisher, exchange } = await aPublisher({ maxInFlight: 5 })
    const messages = await (await aQueue(exchange)).consumed()
    const people = Array.from({ length: 10 }, (_, i) => someEvents(20, `user-${i}`))
    expect(await Promise.all(people.map((events) => publisher.publishInOrder(events)))).to.deep.equal(
      people.map(() => 20),
    )
    await until('all have arrived', () => messages.length === 200)
    const ids = messages.map(({ properties }) => properties.messageId)
    for (const events of people) {
      const own = new Set(events.map(({ event }) => event.id))
      expect(ids.filter((id) => own.has(id))).to.deep.equal([...own])
    }
  })

  it('counts what no queue wants as returned, and as taken', async () => {
    const { publisher, exchange, outcomes } = await aPublisher()
    expect(await publisher.publishInOrder(someEvents(3))).to.equal(3)
    await aQueue(exchange)
    expect(await publisher.publishInOrder(someEvents(3))).to.equal(3)
    expect(outcomes).to.deep.equal([
      [TYPE, 'returned', 3],
      [TYPE, 'confirmed', 3],
    ])
  })

  it('stops behind a message that the broker refuses', async () => {
    const { publisher, exchange, outcomes } = await aPublisher({ maxInFlight: 1 })
    await aQueue(exchange, { 'x-max-length': 2, 'x-overflow': 'reject-publish' })
    expect(await publisher.publishInOrder(someEvents(5))).to.equal(2)
    expect(outcomes).to.deep.equal([
      [TYPE, 'confirmed', 2],
      [TYPE, 'nacked', 1],
      [TYPE, 'unavailable', 2],
    ])
    expect(publisher.state()).to.equal('connected')
  })

  it('makes its exchange anew after somebody deleted it', async () => {
    const { publisher, exchange, outcomes } = await aPublisher()
    await (await (await aConnection()).createChannel()).deleteExchange(exchange)
    expect(await publisher.publishInOrder(someEvents(2))).to.equal(0)
    expect(outcomes).to.deep.equal([[TYPE, 'unavailable', 2]])
    await until('connected again', () => publisher.state() === 'connected')
    await aQueue(exchange)
    expect(await publisher.publishInOrder(someEvents(2))).to.equal(2)
  })

  it('keeps trying while its exchange is of another kind', async () => {
    const exchange = `bg.events.${randomUUID()}`
    const channel = await (await aConnection()).createChannel()
    await channel.assertExchange(exchange, 'fanout', { durable: true })
    const publisher = createPublisher({ url: broker.url, exchange })
    open.push(() => publisher.close())
    expect(await publisher.publishInOrder(someEvents(1))).to.equal(0)
    await channel.deleteExchange(exchange)
    await until('connected', () => publisher.state() === 'connected', 10_000)
  })

  it('comes back after an operator closed its connection', async () => {
    const { publisher, exchange } = await aPublisher()
    await aQueue(exchange)
    await control('close_all_connections', 'test')
    await until('connected again', () => publisher.state() === 'connected')
    await aQueue(exchange)
    await until('published', async () => (await publisher.publishInOrder(someEvents(1))) === 1)
  })

  it('answers at once while the broker is blocked by an alarm, and goes on after it', async () => {
    const { publisher, exchange, states } = await aPublisher({ confirmTimeoutMs: 30_000 })
    const { channel, queue } = await aQueue(exchange)
    await control('set_vm_memory_high_watermark', 'absolute', '1MB')
    try {
      const startedAt = performance.now()
      // The broker tells of its alarm only to who publishes.
      await until('blocked', async () => {
        expect(await publisher.publishInOrder(someEvents(2))).to.be.below(3)
        return publisher.state() === 'blocked'
      })
      expect(await publisher.publishInOrder(someEvents(2))).to.equal(0)
      expect(performance.now() - startedAt).to.be.below(10_000)
    } finally {
      await control('set_vm_memory_high_watermark', '0.4')
    }
    await until('unblocked', () => publisher.state() === 'connected', 10_000)
    expect(states).to.deep.equal(['connected', 'blocked', 'connected'])
    await channel.purgeQueue(queue)
    expect(await publisher.publishInOrder(someEvents(2))).to.equal(2)
  })

  it('gives a frozen broker one confirm timeout, then answers at once until it moves', async () => {
    const { publisher, exchange, outcomes } = await aPublisher({ confirmTimeoutMs: 1_000 })
    await aQueue(exchange)
    process.kill(-broker.pid, 'SIGSTOP')
    try {
      expect(await publisher.publishInOrder(someEvents(2))).to.equal(0)
      expect(outcomes).to.deep.equal([[TYPE, 'timeout', 2]])
      expect(publisher.state()).to.equal('blocked')
      const startedAt = performance.now()
      expect(await publisher.publishInOrder(someEvents(2))).to.equal(0)
      expect(performance.now() - startedAt).to.be.below(500)
    } finally {
      process.kill(-broker.pid, 'SIGCONT')
    }
    await until('connected', () => publisher.state() === 'connected')
    expect(await publisher.publishInOrder(someEvents(2))).to.equal(2)
  })

  it('closes in bounded time while the broker is frozen, and leaves no socket', async () => {
    const { publisher } = await aPublisher()
    const before = sockets()
    expect(before).to.be.above(0)
    process.kill(-broker.pid, 'SIGSTOP')
    try {
      const startedAt = performance.now()
      await publisher.close()
      expect(performance.now() - startedAt).to.be.below(4_000)
      await until('its socket is gone', () => sockets() < before)
    } finally {
      process.kill(-broker.pid, 'SIGCONT')
    }
  })

  it('loses nothing that it called taken when the broker is killed, and publishes once it is back', async () => {
    const { publisher, exchange } = await aPublisher()
    const { queue } = await aQueue(exchange)
    const events = someEvents(5_000)
    const taking = publisher.publishInOrder(events)
    const arrived = new RegExp(`^${queue}\\s+[1-9]`, 'm')
    const listed = async () => (await control('-q', 'list_queues', 'name', 'messages')).stdout
    await until('some have arrived', async () => arrived.test(await listed()), 20_000)
    process.kill(-broker.pid, 'SIGKILL')
    const taken = await taking
    await until('the loss is seen', () => publisher.state() === 'connecting')
    expect(await publisher.publishInOrder(events)).to.equal(0)

    const { port } = broker
    await broker.stop()
    broker = await start(port)
    await until('connected', () => publisher.state() === 'connected', 15_000)
    expect(await publisher.publishInOrder(events.slice(taken))).to.equal(5_000 - taken)
    const channel = await (await aConnection()).createChannel()
    const ids = new Set<string>()
    await channel.consume(queue, (message) => message && ids.add(message.properties.messageId), { noAck: true })
    await until('every event is there', () => ids.size === 5_000, 15_000)
  })

  it('leaves nothing open that would keep a process alive', async () => {
    const program = `
      import { createPublisher } from '@bg-ingest/events'
      import { someEvents } from './unit/events/some-events.ts'
      import { until } from './support/until.ts'
      const publisher = createPublisher({ url: process.env.BROKER, exchange: 'bg.events.${randomUUID()}' })
      await until('connected', () => publisher.state() === 'connected')
      const taken = await publisher.publishInOrder(someEvents(10))
      await publisher.close()
      console.log(taken, publisher.state(), await publisher.publishInOrder(someEvents(1)))`
    const node = ['--conditions=source', '--input-type=module', '--eval', program]
    const { stdout } = await run(process.execPath, node, {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, BROKER: broker.url },
      timeout: 10_000,
    })
    expect(stdout.trim()).to.equal('10 off 0')
  })
})

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
