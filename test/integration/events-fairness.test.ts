import { type ReadingKey, toInstant, type UserId } from '@bg-ingest/domain'
import { publishChanges } from '@bg-ingest/ingest'
import type { JobHandlers } from '@bg-ingest/queue'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { recordingPublisher } from '../support/recording-publisher.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { aWorld, type World } from '../support/world.ts'

/** As many publications as a worker runs at a time: all of them are taken by those with much to tell. */
const BIG = 5
const MUCH = 110
const LITTLE = 3

describe('what waits of many people, on DynamoDB and Redis', function () {
  this.timeout(60_000)
  const dynamo = useDynamo()
  let server: LocalRedis
  let bench: QueueBench

  before(async () => {
    server = await startRedis()
    bench = await openQueueBench(server.url)
  })
  after(async () => {
    await bench.close()
    await server.stop()
  })

  async function backlogOf(count: number): Promise<World> {
    const world = aWorld(dynamo)
    await world.connect()
    const { accounts, userId } = world
    const at = toInstant(world.clock.now())
    const ranges = Array.from({ length: count }, (_, i) => ({
      first: i + 1,
      last: i + 1,
      at,
      changes: [{ sequence: i + 1, kind: 'created' as const, key: `k${i}` as ReadingKey }],
    }))
    const taken = await accounts.takeLease(userId, 'a run', { ttlMs: 15_000, revive: false })
    const lease = { id: 'a run', fence: taken?.fence ?? 0 }
    await accounts.appendRanges(userId, lease, ranges)
    await accounts.finish(userId, lease, { committedSequence: count })
    return world
  }

  it(`is told in turns: ${BIG} backlogs of ${MUCH} messages do not keep one of ${LITTLE} waiting that came last`, async () => {
    const publisher = recordingPublisher()
    const worlds = await Promise.all([...Array.from({ length: BIG }, () => backlogOf(MUCH)), backlogOf(LITTLE)])
    const byId = new Map(worlds.map((world) => [world.userId, world]))
    const small = worlds.at(-1)?.userId
    // All are asked for before anybody is told.
    for (const { userId } of worlds) await bench.producer.enqueue('publishChanges', { v: 1, userId })
    const begun: UserId[] = []
    const publish: JobHandlers['publishChanges'] = async ({ userId }, { signal }) => {
      begun.push(userId)
      const ports = byId.get(userId)?.ports
      if (!ports) throw new Error('nobody of this test')
      const { more } = await publishChanges({ ...ports, publisher }, userId, signal)
      if (more) await bench.producer.enqueue('publishChanges', { v: 1, userId })
    }
    bench.consume({ publishChanges: publish })

    const toldOf = (userId: UserId | undefined, events = publisher.taken) =>
      events.flatMap(({ event }) =>
        event.subject === userId && 'fromSequence' in event.data ? [event.data.fromSequence] : [],
      )
    const inOrder = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
    await until(
      'all is told',
      () => worlds.every(({ userId }, i) => toldOf(userId).length >= (i < BIG ? MUCH : LITTLE)),
      45_000,
    )
    for (const { userId } of worlds.slice(0, BIG)) expect(toldOf(userId)).to.deep.equal(inOrder(MUCH))
    expect(toldOf(small)).to.deep.equal(inOrder(LITTLE))
    // Each run of those with much ends after 50 messages, and they line up again behind the one that waits.
    const before = begun.slice(0, begun.indexOf(small as UserId))
    expect(before).to.have.length(BIG)
    expect(new Set(before).size).to.equal(BIG)
  })
})
