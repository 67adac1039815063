import { NO_COUNTS, PRIORITY, type SyncResult, toInstant, type UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { gatesBench } from '../support/gates-bench.ts'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const RESULT: SyncResult = { from: toInstant(0), to: toInstant(1), ...NO_COUNTS, durationMs: 1 }

/** Three times the pace of the default budget (13.3 calls a second). */
const FASTER = 3
const PER_HOUR = 60_000 * FASTER

/** What does not go faster with the budget: the workers' start, on a busy machine. */
const START_MS = 1_000

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN

describe('A fleet under load: real queues, real gate', function () {
  this.timeout(180_000)
  let server: LocalRedis
  let bench: QueueBench
  const gates = gatesBench(() => server.url)

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
  })
  afterEach(async () => {
    await bench.close()
    await gates.close()
  })

  it('serves 50 people who wait within 5 s of the default budget, with 1000 polls and 200 imports due, and starves none', async () => {
    const { gate } = gates.gate({ perHour: PER_HOUR, prefix: `${bench.prefix}:` })
    const asked = new Map<UserId, number>()
    const waits: number[] = []
    const imported = new Set<UserId>()
    let polled = 0
    const call = (priority: number) => gate.schedule(priority, undefined, async () => undefined)
    const wanted = async (trigger: 'manual' | 'poll') => {
      const userId = aUser()
      await bench.producer.requestSync({ userId, trigger, requestId: 'r' })
      return userId
    }
    // Everything that waited while no worker was there.
    for (let n = 0; n < 1_000; n += 50) await Promise.all(Array.from({ length: 50 }, () => wanted('poll')))
    for (let n = 0; n < 200; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, () => bench.producer.enqueue('importHistory', { v: 1, userId: aUser() })),
      )
    const startedAt = performance.now()
    for (let n = 0; n < 50; n += 1) asked.set(await wanted('manual'), performance.now())

    bench.consume(
      {
        async syncUser({ userId, trigger }) {
          await call(PRIORITY[trigger])
          if (trigger === 'manual') waits.push(performance.now() - (asked.get(userId) ?? startedAt))
          else polled += 1
          return RESULT
        },
        async importHistory({ userId }) {
          for (let type = 0; type < 3; type += 1) await call(PRIORITY.history)
          imported.add(userId)
        },
      },
      { concurrency: 50 },
    )
    await until('everybody who waits is served', () => waits.length === 50, 20_000)
    expect(percentile(waits, 0.95)).to.be.below(5_000 / FASTER + START_MS)
    // A permanent load of polls leaves imports their share: an import is done long before the last poll.
    await until('imports come along beside the polls', () => imported.size >= 10, 30_000)
    expect(polled).to.be.below(1_000)
  })

  it("does not let 20 of 1000 people whose calls hang slow the others' polls", async () => {
    const INTERVAL_MS = 12_000
    const HANG_MS = 1_500
    const users = Array.from({ length: 1_000 }, aUser)
    const hanging = new Set(users.slice(0, 20))
    const lagWith = async (hang: boolean) => {
      const lags: number[] = []
      let ended = 0
      const due = new Map<UserId, number>()
      const consumers = bench.consume(
        {
          async syncUser({ userId }) {
            if (!hanging.has(userId)) lags.push(performance.now() - (due.get(userId) ?? 0))
            const ms = hang && hanging.has(userId) ? HANG_MS : 20
            await new Promise((resolve) => setTimeout(resolve, ms))
            ended += 1
            return RESULT
          },
        },
        { concurrency: 50 },
      )
      const startedAt = performance.now()
      await Promise.all(
        users.map(async (userId, index) => {
          // Those who hang are due in the first half, all others evenly: what they take is taken while others are due.
          const phase = (hanging.has(userId) ? index / 40 : index / users.length) * INTERVAL_MS
          await new Promise((resolve) => setTimeout(resolve, phase))
          due.set(userId, performance.now())
          await bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' })
        }),
      )
      await until('all polls have ended', () => ended === users.length, 20_000)
      await consumers.close(5_000)
      expect(performance.now() - startedAt).to.be.below(INTERVAL_MS * 2)
      return percentile(lags, 0.95)
    }
    // Whatever else the machine does may fall on either of a pair; what hanging people do falls on every second one.
    const pairs: { readonly without: number; readonly withThem: number }[] = []
    // A tenth, and what a timer is off by on a busy machine.
    const isWell = () => pairs.some(({ without, withThem }) => withThem < without * 1.1 + 25)
    while (pairs.length < 3 && !isWell()) pairs.push({ without: await lagWith(false), withThem: await lagWith(true) })
    expect(isWell(), JSON.stringify(pairs)).to.equal(true)
  })
})
