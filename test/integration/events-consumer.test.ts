import { randomUUID } from 'node:crypto'
import { BgIngestError, type Change, type ChangePage } from '@bg-ingest/client'
import { type Batch, consumeReadings, deadLettersOf, type ReadingsConsumer } from '@bg-ingest/client/events'
import { serviceEvent, toInstant, UserId } from '@bg-ingest/domain'
import { type Channel, type ChannelModel, connect } from 'amqplib'
import { expect } from 'chai'
import { until } from '../support/until.ts'

const ALICE = UserId.parse('alice')
const AT = toInstant(0)
const change = (sequence: number) => ({ sequence, kind: 'created', reading: { id: `r${sequence}` } }) as Change
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('the reference consumer, on RabbitMQ', function () {
  this.timeout(20_000)
  let model: ChannelModel
  let channel: Channel
  const open: ReadingsConsumer[] = []

  before(async () => {
    model = await connect(process.env.RABBITMQ_URL ?? '')
    channel = await model.createChannel()
  })
  afterEach(async () => {
    for (const consumer of open.splice(0)) await consumer.close()
  })
  after(() => model.close())

  /** A consumer whose position and effects lie in memory, and a feed that has as much as it is told to have. */
  async function aConsumer({ deliveryLimit = 3 } = {}) {
    const name = randomUUID()
    const [exchange, queue] = [`bg.events.${name}`, `q.${name}`]
    let position = 0
    const state = { latest: 0, refuses: false, asked: 0 }
    const batches: string[] = []
    const told: string[] = []
    const consumer = await consumeReadings({
      url: process.env.RABBITMQ_URL ?? '',
      exchange,
      queue,
      deliveryLimit,
      client: {
        async *changes(userId, { after }): AsyncGenerator<ChangePage> {
          state.asked += 1
          if (state.latest < after) throw new BgIngestError('feed_restarted', 'begun again')
          const { latest } = state
          const changes = numbers(after + 1, latest).map(change)
          yield { userId, after, through: latest, latestSequence: latest, more: false, changes }
        },
      },
      position: async () => position,
      async apply({ fromSequence, toSequence, changes, healed }: Batch) {
        if (state.refuses) throw new Error('the database is away')
        position = toSequence
        const held = changes.map(({ sequence }) => sequence).join(' ')
        batches.push(`${fromSequence}-${toSequence}${healed ? ' healed' : ''}: ${held}`)
      },
      async erase() {
        position = 0
        batches.push('erased')
      },
      onGap: ({ fromSequence, toSequence }) => told.push(`gap ${fromSequence}-${toSequence}`),
      onRepeat: ({ fromSequence, toSequence }) => told.push(`repeat ${fromSequence}-${toSequence}`),
    })
    open.push(consumer)
    const publish = (key: string, body: object) => channel.publish(exchange, key, Buffer.from(JSON.stringify(body)))
    return {
      consumer,
      state,
      batches,
      told,
      queue,
      range(from: number, to: number) {
        const changes = numbers(from, to).map(change)
        const data = { userId: ALICE, fromSequence: from, toSequence: to, changes } as never
        const event = serviceEvent({ routingKey: 'readings.changed', time: AT, identity: `${from}-${to}`, data })
        publish('readings.changed', event)
      },
      /** As a later version may tell it. */
      later(from: number, to: number) {
        const changes = numbers(from, to).map((n) => ({ ...change(n), mood: 'good' }))
        const data = { userId: ALICE, fromSequence: from, toSequence: to, changes, moods: { of: ['later'] } } as never
        const event = serviceEvent({ routingKey: 'readings.changed', time: AT, identity: `${from}-${to}`, data })
        publish('readings.changed', { ...event, mood: 'good' })
      },
      erased: () => {
        const data = { userId: ALICE, at: AT }
        publish('user.erased', serviceEvent({ routingKey: 'user.erased', time: AT, identity: 'x', data }))
      },
      has: (...wanted: readonly string[]) =>
        until(`has ${wanted.join(', ')}`, () => JSON.stringify(batches) === JSON.stringify(wanted)).catch(() => {
          expect(batches).to.deep.equal(wanted)
        }),
    }
  }

  it('takes in what adjoins, drops what it has seen, and asks the feed for nothing', async () => {
    const { range, has, told, state } = await aConsumer()
    for (const [from, to] of [
      [1, 2],
      [3, 3],
      [1, 2],
      [3, 3],
      [4, 6],
    ] as const)
      range(from, to)
    await has('1-2: 1 2', '3-3: 3', '4-6: 4 5 6')
    expect([told, state.asked]).to.deep.equal([['repeat 1-2', 'repeat 3-3'], 0])
  })

  it('fetches what is missing, and takes of the message at hand what the feed did not have', async () => {
    const { range, has, told, state } = await aConsumer()
    range(1, 1)
    state.latest = 5
    range(4, 6)
    await has('1-1: 1', '2-5 healed: 2 3 4 5', '6-6: 6')
    state.latest = 9
    range(8, 9)
    await has('1-1: 1', '2-5 healed: 2 3 4 5', '6-6: 6', '7-9 healed: 7 8 9')
    expect(told).to.deep.equal(['gap 2-3', 'gap 7-7'])
  })

  it('waits for a feed that is behind a message', async () => {
    const { range, has, state } = await aConsumer()
    range(3, 4)
    await until('the feed was asked', () => state.asked === 1)
    state.latest = 2
    await has('1-2 healed: 1 2', '3-4: 3 4')
  })

  it('begins at 1 again after an erasure, and finds one out that it was not told of', async () => {
    const { range, erased, has, state, consumer } = await aConsumer()
    range(1, 7)
    erased()
    range(1, 5)
    await has('1-7: 1 2 3 4 5 6 7', 'erased', '1-5: 1 2 3 4 5')
    state.latest = 2
    await consumer.catchUp(ALICE)
    await has('1-7: 1 2 3 4 5 6 7', 'erased', '1-5: 1 2 3 4 5', 'erased', '1-2 healed: 1 2')
  })

  it('tries again what could not be taken in, sets aside what never can, and takes it when it is put back', async () => {
    const { range, has, state, queue, told, batches } = await aConsumer({ deliveryLimit: 1 })
    const dead = deadLettersOf(queue)
    state.refuses = true
    range(1, 1)
    const deadLetter = async () => {
      await until('set aside', async () => (await channel.checkQueue(dead)).messageCount === 1)
      const letter = await channel.get(dead, { noAck: true })
      return letter || expect.fail('no dead letter')
    }
    const first = await deadLetter()
    // Put back too early it is set aside again, as it was and once: it does not go round.
    channel.sendToQueue(queue, first.content)
    const letter = await deadLetter()
    expect(letter.content.toString()).to.equal(first.content.toString())
    expect(JSON.parse(letter.content.toString()).id).to.be.a('string')
    expect((await channel.checkQueue(queue)).messageCount).to.equal(0)
    expect(batches).to.deep.equal([])
    state.refuses = false
    for (let i = 0; i < 2; i += 1) channel.sendToQueue(queue, letter.content)
    range(2, 2)
    await has('1-1: 1', '2-2: 2')
    expect(told).to.deep.equal(['repeat 1-1'])
  })

  it('sets aside at once what is no event of ours, and passes over types and fields that it does not know', async () => {
    const { range, later, has, queue } = await aConsumer()
    const dead = deadLettersOf(queue)
    channel.sendToQueue(queue, Buffer.from('{"type":'))
    channel.sendToQueue(
      queue,
      Buffer.from('{"id":"x","type":"io.bg-ingest.readings.changed.v1","data":{"userId":"alice"}}'),
    )
    channel.sendToQueue(queue, Buffer.from('{"id":"x","type":"io.bg-ingest.sync.failed.v1","data":{"userId":"alice"}}'))
    range(1, 1)
    later(2, 3)
    await has('1-1: 1', '2-3: 2 3')
    await until('both are set aside', async () => (await channel.checkQueue(dead)).messageCount === 2)
    expect((await channel.checkQueue(queue)).messageCount).to.equal(0)
  })

  it('makes its queue anew after somebody deleted it, and says nothing of the password in its URL', async () => {
    const { range, has, queue, state } = await aConsumer()
    range(1, 1)
    await has('1-1: 1')
    await channel.deleteQueue(queue)
    await until('the queue is back', async () => {
      const again = await model.createChannel()
      again.on('error', () => undefined)
      const found = await again.checkQueue(queue).catch(() => null)
      if (found) await again.close()
      return found?.consumerCount === 1
    })
    state.latest = 2
    range(3, 3)
    await has('1-1: 1', '2-2 healed: 2', '3-3: 3')
    const refusal = await consumeReadings({ url: '//guest:CANARY@x' } as never).catch((err: unknown) => err)
    expect(refusal).to.be.instanceOf(TypeError)
    expect(String(refusal)).to.not.include('CANARY')
  })
})
