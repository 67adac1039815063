import { randomUUID } from 'node:crypto'
import { consumeReadings, deadLettersOf } from '@bg-ingest/client/events'
import type { Channel, GetMessage } from 'amqplib'
import { expect } from 'chai'
import { findLeaks } from '../support/canaries.ts'
import type { PersonClient } from '../support/e2e-client.ts'
import { runDocumented } from '../support/e2e-documented-consumer.ts'
import { runRepublish } from '../support/e2e-republish.ts'
import { createEventCheck } from '../support/event-check.ts'
import { type EventsStage, QUEUE, startEventsStage, untilBrokerIs } from '../support/events-stage.ts'
import { until } from '../support/until.ts'

const EXCHANGE = 'bg.events'
const WAITING = 20_000

describe('Events where at the broker', function () {
  // Calls of rabbitmqctl take a second each, and ten on a machine that is busy.
  this.timeout(150_000)
  let stage: EventsStage
  let channel: Channel
  let people: PersonClient[]

  before(async function () {
    this.timeout(120_000)
    stage = await startEventsStage({ accounts: ['emma', 'finn'], name: 'top', withBroker: true })
    await stage.openOracle()
    channel = await stage.channel()
    people = await Promise.all(['emma', 'finn'].map((name) => stage.connect(name)))
    await stage.expectEverything(people)
  })
  after(async function () {
    this.timeout(30_000)
    await stage?.stop()
  })

  const [EMMA, FINN] = ['emma-top', 'finn-top']
  const aQueue = async (args: Record<string, unknown> = {}, bound = true) => {
    const queue = `q.${randomUUID()}`
    await channel.assertQueue(queue, { durable: true, arguments: args })
    if (bound) await channel.bindQueue(queue, EXCHANGE, 'readings.changed')
    return queue
  }
  const drain = async (queue: string): Promise<GetMessage[]> => {
    const found: GetMessage[] = []
    for (let got = await channel.get(queue, { noAck: true }); got; got = await channel.get(queue, { noAck: true }))
      found.push(got)
    return found
  }
  const idsOf = (messages: readonly GetMessage[]) => messages.map(({ properties }) => properties.messageId)

  it('nobody is in the way, each is told once, in order, as published', async () => {
    const queue = await aQueue()
    await stage.more(people)
    await stage.more(people)
    await stage.expectEverything(people)
    const check = createEventCheck()
    const messages = await drain(queue)
    expect(
      messages.flatMap(({ fields, content }) => check(fields.routingKey, JSON.parse(content.toString()))),
    ).to.deep.equal([])
    expect(messages).to.have.length(4)
    expect(stage.oracle.repeats).to.equal(0)
    expect(stage.oracle.gaps).to.deep.equal([])
    await channel.deleteQueue(queue)
  })

  it('a queue is full and refuses, they are kept, and told again when it is not', async () => {
    const full = await aQueue({ 'x-max-length': 0, 'x-overflow': 'reject-publish' })
    await stage.more(people)
    expect(await stage.told('nacked')).to.be.above(0)
    await until('what waits is counted', async () => (await stage.outboxPending()) === people.length)
    await channel.deleteQueue(full)
    await until('nothing waits', async () => (await stage.outboxPending()) === 0, 20_000)
    await stage.expectEverything(people)
  })

  it('no queue is bound, they are counted as returned; the next shows the gap, and the feed fills it', async () => {
    for (const key of ['readings.changed', 'user.erased']) await channel.unbindQueue(QUEUE, EXCHANGE, key)
    const before = await stage.told('returned')
    await stage.more(people)
    expect((await stage.told('returned')) - before).to.equal(people.length)
    expect(await stage.outboxPending()).to.equal(0)
    await channel.bindQueue(QUEUE, EXCHANGE, 'readings.changed')
    await stage.more(people)
    await stage.expectEverything(people)
    expect(stage.oracle.gaps.map(({ userId }) => userId)).to.have.members([EMMA, FINN])
  })

  it('no queue is bound but an operator keeps what is unroutable, it lies there', async () => {
    const kept = await aQueue({}, false)
    await channel.assertExchange('kept', 'fanout', { durable: true })
    await channel.bindQueue(kept, 'kept', '')
    await stage.control(
      'set_policy',
      'keep',
      '^bg\\.events$',
      '{"alternate-exchange":"kept"}',
      '--apply-to',
      'exchanges',
    )
    await channel.unbindQueue(QUEUE, EXCHANGE, 'readings.changed')
    const before = await stage.told('returned')
    await stage.more(people)
    const messages = await drain(kept)
    expect(messages).to.have.length(people.length)
    expect(await stage.told('returned')).to.equal(before)
    // An operator moves them to where they belong.
    await channel.bindQueue(QUEUE, EXCHANGE, 'readings.changed')
    for (const { fields, content, properties } of messages)
      channel.publish(EXCHANGE, fields.routingKey, content, properties)
    await stage.expectEverything(people)
    await stage.control('clear_policy', 'keep')
  })

  it('somebody deletes the exchange, it is made anew, and a late consumer catches up', async () => {
    await channel.deleteExchange(EXCHANGE)
    await stage.more(people)
    await until('told to whoever listens', async () => (await stage.outboxPending()) === 0, 20_000)
    await untilBrokerIs(stage, 'connected')
    await channel.bindQueue(QUEUE, EXCHANGE, 'readings.changed')
    await Promise.all(people.map(({ userId }) => stage.oracle.catchUp(userId)))
    await stage.expectEverything(people)
  })

  it('a queue has other properties than a consumer wants, that consumer says so once, and ends', async () => {
    const queue = await aQueue({ 'x-max-length': 5 }, false)
    const connections = async () => (await stage.control('list_connections', 'pid')).trim().split('\n').length
    const before = await connections()
    const consuming = consumeReadings({
      url: stage.broker.url,
      queue,
      client: {
        changes: () => {
          throw new Error('nobody should ask')
        },
      },
      position: async () => 0,
      apply: async () => undefined,
      erase: async () => undefined,
    })
    const refusal = await consuming.then(
      () => null,
      (err: unknown) => String(err),
    )
    expect(refusal).to.match(/PRECONDITION/)
    expect(await connections()).to.equal(before)
  })

  it(`a consumer takes nothing and ${WAITING} messages wait for it, nobody else is slower (E9; a million: pnpm bench slow-consumer)`, async () => {
    const slow = await aQueue()
    const rounds = async () => {
      const took: number[] = []
      for (let i = 0; i < 3; i += 1) {
        const startedAt = performance.now()
        await stage.more(people)
        took.push(performance.now() - startedAt)
      }
      return Math.min(...took)
    }
    const before = await rounds()
    const message = Buffer.alloc(1_000)
    const filling = await stage.confirmChannel()
    for (let i = 0; i < WAITING; i += 1) filling.sendToQueue(slow, message, { persistent: true })
    await filling.waitForConfirms()
    const timeouts = await stage.told('timeout')
    // A confirm that the queue held up would take seconds.
    expect(await rounds()).to.be.below(3 * before + 2_000)
    expect(await stage.told('timeout')).to.equal(timeouts)
    expect(await stage.brokerState()).to.equal('connected')
    await stage.expectEverything(people)
    expect((await channel.checkQueue(slow)).messageCount).to.equal(WAITING + 2 * 3 * people.length)
    await channel.deleteQueue(slow)
  })

  for (const [what, reason, close, open] of [
    ['places run out (E12)', 'OPEN-REFUSED', ['set_vhost_limits', '{"max-connections":0}'], ['clear_vhost_limits']],
    [
      'a password is another (E14)',
      'ACCESS-REFUSED',
      ['change_password', 'guest', 'an0ther'],
      ['change_password', 'guest', 'guest'],
    ],
  ] as const)
    it(`${what}, the worker neither hurries nor tells a secret, and all is told when it is let in`, async () => {
      await stage.control(...close)
      try {
        const connections = stage.proxy.connections()
        await stage.control('close_all_connections', 'drill')
        await until('refused', () => stage.proxy.connections() >= connections + 2)
        const startedAt = performance.now()
        await stage.more(people)
        expect(await stage.brokerState()).to.equal('degraded')
        const tries = stage.proxy.connections() - connections
        // 200 ms, then twice as long each time: the fifth comes after three seconds.
        expect(tries).to.be.below(6 + (performance.now() - startedAt) / 1_000)
      } finally {
        await stage.control(...open)
        channel = await stage.channel()
      }
      await stage.expectEverything(people)
      const log = stage.system.workers.map((worker) => worker.output()).join('')
      expect(log).to.include(reason).and.include('broker').and.not.include('guest').and.not.include('amqp:')
    })

  it('data were lost, they can be told once more, with the same ids, in the same order', async () => {
    const first = await aQueue()
    const before = stage.oracle.repeats
    const all = await runRepublish(stage.system.variables, '--user', EMMA, '--json')
    expect(all.code, all.stderr).to.equal(0)
    const once = await drain(first)
    const again = await runRepublish(stage.system.variables, '--user', EMMA)
    expect(again.stderr).to.match(/\d+ messages, \d+ changes, sequences 1 to/)
    const twice = await drain(first)
    expect(idsOf(twice)).to.deep.equal(idsOf(once))
    const ranges = once.map(({ content }) => JSON.parse(content.toString()).data)
    let next = 1
    for (const { fromSequence, toSequence } of ranges) {
      expect(fromSequence).to.equal(next)
      next = toSequence + 1
    }
    expect(JSON.parse(all.stdout)).to.include({
      userId: EMMA,
      messages: once.length,
      complete: true,
      toSequence: next - 1,
    })
    await until('dropped as seen', () => stage.oracle.repeats - before === 2 * once.length)
    // Who begins anew from them has everything.
    const fresh = await stage.openOracle('late')
    for (const { fields, content, properties } of once)
      channel.publish(EXCHANGE, fields.routingKey, content, properties)
    await fresh.expectEverything(people[0] as PersonClient)
    await channel.deleteQueue(first)
  })

  it('one cannot be taken in, it is set aside, others go on; put back it does no harm', async () => {
    const { oracle } = stage
    const poisoned = await stage.openOracle('poisoned')
    await Promise.all(people.map(({ userId }) => poisoned.catchUp(userId)))
    poisoned.refuse(({ userId }) => userId === EMMA)
    await stage.more(people)
    await oracle.expectEverything(people[0] as PersonClient)
    const dead = deadLettersOf('poisoned')
    await until('set aside', async () => (await channel.checkQueue(dead)).messageCount === 1, 20_000)
    await poisoned.expectEverything(people[1] as PersonClient)
    poisoned.refuse(() => false)
    const [letter] = await drain(dead)
    if (!letter) throw new Error('no dead letter')
    // It holds a person's readings, as the event did; nothing else, and no way to any more of them.
    const told = letter.content.toString()
    expect(createEventCheck()('readings.changed', JSON.parse(told))).to.deep.equal([])
    const { users } = await stage.system.sim('GET', 'users')
    const secrets = [stage.token, ...users.map(({ dexcomUserId }: { dexcomUserId: string }) => dexcomUserId)]
    const leaks = await findLeaks(stage.system, {
      people: [],
      secrets,
      told: [told, JSON.stringify(letter.properties)],
    })
    expect(leaks).to.deep.equal([])
    for (let i = 0; i < 2; i += 1)
      channel.sendToQueue('poisoned', letter.content, { ...letter.properties, headers: {} })
    await poisoned.expectEverything(people[0] as PersonClient)
    await until('the second copy is dropped', () => poisoned.repeats === 1)
    channel.sendToQueue('poisoned', Buffer.from('{"no": "event of ours'))
    await until('garbage is set aside', async () => (await channel.checkQueue(dead)).messageCount === 1)
  })

  it('nothing is wrong, the consumer of docs/events.md has everything, as it stands there', async () => {
    const consumer = await runDocumented({
      API_URL: stage.system.apiUrl,
      API_TOKEN: stage.token,
      RABBITMQ_URL: stage.broker.url,
    })
    try {
      await until('its queue is there', async () =>
        (await stage.control('list_queues', 'name')).includes('my-readings'),
      )
      await stage.more(people)
      for (const { userId } of people)
        await until(
          `it has everything of ${userId}`,
          () => consumer.taken(userId).at(-1)?.to === stage.oracle.position(userId),
        )
    } finally {
      await consumer.stop()
    }
    for (const { userId } of people)
      expect(consumer.taken(userId).reduce((sum, { changes }) => sum + changes, 0)).to.be.above(10)
  })
})
