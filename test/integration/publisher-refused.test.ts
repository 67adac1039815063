import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPublisher, type PublisherOptions, type PublishOutcome } from '@bg-ingest/events'
import { type RunningRabbitmq, startRabbitmq } from '@bg-ingest/local-stack'
import { type ChannelModel, connect } from 'amqplib'
import { expect } from 'chai'
import { brokerQueue } from '../support/broker-queue.ts'
import { freePort } from '../support/free-port.ts'
import { startTcpProxy, type TcpProxy, through } from '../support/tcp-proxy.ts'
import { TLS_SERVERS } from '../support/tls-servers.ts'
import { until } from '../support/until.ts'
import { someEvents } from '../unit/events/some-events.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')

describe('publisher, on a RabbitMQ that', function () {
  // Calls of rabbitmqctl take a second each, and ten on a machine that is busy.
  this.timeout(90_000)
  let dir: string
  let tlsPort: number
  let broker: RunningRabbitmq
  let wire: TcpProxy
  const open: (() => unknown)[] = []

  const control = (...args: string[]) =>
    run('/usr/lib/rabbitmq/bin/rabbitmqctl', ['-q', ...args], { env: { ...broker.controlEnv } })

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bg-refused-'))
    tlsPort = await freePort()
    await startWithTls(dir, tlsPort)
    broker = await startRabbitmq({ env: process.env, dir })
  })
  beforeEach(async () => {
    wire = await startTcpProxy({ port: broker.port })
    open.push(wire.close)
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })
  after(async () => {
    await broker.stop()
    await rm(dir, { recursive: true, force: true })
  })

  function aPublisher(options: Partial<PublisherOptions> = {}) {
    const outcomes: PublishOutcome[] = []
    const reasons: string[] = []
    const exchange = `bg.events.${randomUUID()}`
    const publisher = createPublisher({
      url: through(wire, broker.url),
      exchange,
      onOutcome: (_type, outcome) => outcomes.push(outcome),
      onRefused: (reason) => reasons.push(reason),
      ...options,
    })
    open.push(() => publisher.close())
    return { publisher, exchange, outcomes, reasons }
  }
  const isIn = (state: string, { publisher }: ReturnType<typeof aPublisher>, ms = 20_000) =>
    until(state, () => publisher.state() === state, ms)

  async function aQueue(exchange: string) {
    const model: ChannelModel = await connect(broker.url)
    open.push(() => model.close())
    return brokerQueue(model, exchange)
  }

  /** 200 ms, then twice as long each time, up to 5 s. */
  const mostTries = (since: number) => 5 + (performance.now() - since) / 1_000

  it('has no channel left for it is asked ever less often, and used again when there is one (E12)', async () => {
    await control('set_user_limits', 'guest', '{"max-channels":0}')
    const startedAt = performance.now()
    const one = aPublisher()
    try {
      await until('refused a few times', () => wire.connections() >= 4, 20_000)
      expect(wire.connections()).to.be.below(mostTries(startedAt))
      expect(await one.publisher.publishInOrder(someEvents(2))).to.equal(0)
    } finally {
      await control('clear_user_limits', 'guest', 'max-channels')
    }
    await isIn('connected', one)
    await aQueue(one.exchange)
    expect(await one.publisher.publishInOrder(someEvents(2))).to.equal(2)
    // Once, however often it was tried.
    expect(one.reasons).to.deep.equal(['NOT-ALLOWED'])
  })

  it('lets it in but takes no message is asked ever less often, too (E14)', async () => {
    await control('add_user', 'reader', 'reader')
    await control('set_permissions', 'reader', '.*', '^$', '.*')
    const url = through(wire, broker.url.replaceAll('guest', 'reader'))
    const one = aPublisher({ url, random: () => 0.5 })
    await isIn('connected', one)
    const startedAt = performance.now()
    await until(
      'refused a few times',
      async () => {
        expect(await one.publisher.publishInOrder(someEvents(1))).to.equal(0)
        return wire.connections() >= 5
      },
      40_000,
    )
    // 200, 400, 800 and 1,600 ms; all of them 200 ms where an end right behind the beginning is no failure.
    expect(performance.now() - startedAt).to.be.above(2_900)
    expect(one.reasons).to.deep.equal(['ACCESS-REFUSED'])
    await control('set_permissions', 'reader', '.*', '.*', '.*')
    await until('taken', async () => (await one.publisher.publishInOrder(someEvents(1))) === 1, 20_000)
  })

  it('nobody has vouched for gets no message, and is asked ever less often (E14)', async () => {
    const tls = await startTcpProxy({ port: tlsPort })
    open.push(tls.close)
    const startedAt = performance.now()
    const one = aPublisher({ url: through(tls, 'amqps://guest:guest@localhost') })
    await until('refused a few times', () => tls.connections() >= 4, 20_000)
    expect(tls.connections()).to.be.below(mostTries(startedAt))
    expect(one.publisher.state()).to.equal('connecting')
    expect(one.reasons).to.deep.equal(['DEPTH_ZERO_SELF_SIGNED_CERT'])
  })

  for (const [whom, url, says] of [
    ['is vouched for by NODE_EXTRA_CA_CERTS is used', '127.0.0.1', '10'],
    ['is vouched for under another name is not', 'localhost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)
    it(`${whom} (E14)`, async () => {
      const program = `
        import { createPublisher } from '@bg-ingest/events'
        import { someEvents } from './unit/events/some-events.ts'
        import { until } from './support/until.ts'
        let reason = null
        const publisher = createPublisher({
          url: process.env.BROKER,
          exchange: 'bg.events.tls',
          onRefused: (why) => { reason = why },
        })
        await until('heard of', () => reason !== null || publisher.state() === 'connected', 20_000)
        console.log(reason ?? (await publisher.publishInOrder(someEvents(10))))
        await publisher.close()
        process.exit()`
      const { stdout, stderr } = await run(
        process.execPath,
        ['--conditions=source', '--input-type=module', '--eval', program],
        {
          cwd: ROOT,
          env: {
            ...process.env,
            BROKER: `amqps://guest:guest@${url}:${tlsPort}`,
            NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem'),
          },
          timeout: 60_000,
        },
      )
      expect(stdout.trim(), stderr).to.equal(says)
    })

  it('stands still beyond two heartbeats is left, and found again: 30 s of it at a heartbeat of 10 s are 3 s at 1 s (E3, E10)', async () => {
    const one = aPublisher({ url: `${through(wire, broker.url)}?heartbeat=1`, confirmTimeoutMs: 500 })
    await isIn('connected', one)
    const { queue, channel } = await aQueue(one.exchange)
    const events = someEvents(5)
    process.kill(-broker.pid, 'SIGSTOP')
    try {
      expect(await one.publisher.publishInOrder(events)).to.equal(0)
      await isIn('connecting', one)
      await until('tried anew', () => wire.connections() >= 2)
    } finally {
      process.kill(-broker.pid, 'SIGCONT')
    }
    await isIn('connected', one)
    expect(await one.publisher.publishInOrder(events)).to.equal(5)
    // What lay in the old socket may have been taken as well: never other ids, never another order.
    const ids = await idsIn(channel, queue)
    const wanted = events.map(({ event }) => event.id)
    expect(ids.slice(-5)).to.deep.equal(wanted)
    expect(new Set(ids)).to.deep.equal(new Set(wanted))
  })

  it('confirms too late has each message once all the same (E13)', async () => {
    const one = aPublisher({ confirmTimeoutMs: 500 })
    await isIn('connected', one)
    const { queue, channel } = await aQueue(one.exchange)
    const events = someEvents(3)
    process.kill(-broker.pid, 'SIGSTOP')
    try {
      expect(await one.publisher.publishInOrder(events)).to.equal(0)
    } finally {
      process.kill(-broker.pid, 'SIGCONT')
    }
    await isIn('connected', one)
    expect(await one.publisher.publishInOrder(events)).to.equal(3)
    const wanted = events.map(({ event }) => event.id)
    expect(await idsIn(channel, queue)).to.deep.equal(wanted)
    expect(one.outcomes).to.deep.equal(['timeout', 'confirmed'])
  })
})

/** RabbitMQ reads the file when it starts; it serves beside the plain port. */
async function startWithTls(dir: string, port: number): Promise<void> {
  const { cert, key } = TLS_SERVERS.good
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'cert.pem'), cert)
  await writeFile(join(dir, 'key.pem'), key)
  await writeFile(
    join(dir, 'rabbitmq.conf'),
    `listeners.ssl.1 = 127.0.0.1:${port}
ssl_options.cacertfile = ${join(dir, 'cert.pem')}
ssl_options.certfile = ${join(dir, 'cert.pem')}
ssl_options.keyfile = ${join(dir, 'key.pem')}
`,
  )
}

async function idsIn(channel: Awaited<ReturnType<typeof brokerQueue>>['channel'], queue: string): Promise<unknown[]> {
  const ids: unknown[] = []
  for (;;) {
    const got = await channel.get(queue, { noAck: true })
    if (!got) return ids
    ids.push(got.properties.messageId)
  }
}
