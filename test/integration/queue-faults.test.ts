import { setTimeout as delay } from 'node:timers/promises'
import { connectForRequests, connectForWork, unfitness } from '@bg-ingest/queue'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { startTcpProxy, type TcpProxy, targetOf, through } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

/** A poll each second for each of these, while Redis suffers. */
const PEOPLE = 5
const EVERY_MS = 1_000

describe('fleet: Redis in trouble', function () {
  this.timeout(60_000)
  let server: LocalRedis
  let admin: Redis
  let wire: TcpProxy
  let bench: QueueBench
  let polls: number
  let errors: string[]
  let over = false
  let revivals: Promise<void>

  before(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    wire = await startTcpProxy(targetOf(server.url))
    bench = await openQueueBench(through(wire, server.url))
    errors = []
    polls = 0
    bench.consume(
      {
        pollTick: ({ userId }) => bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' }),
        syncUser: async () => {
          polls += 1
        },
      },
      { onError: (_queue, { message }) => void errors.push(message), lockDurationMs: 2_000, stalledIntervalMs: 1_000 },
    )
    for (let i = 0; i < PEOPLE; i++) await bench.schedules.upsert(aUser(), EVERY_MS)
    revivals = revive()
  })
  after(async () => {
    over = true
    await revivals
    await bench.close()
    admin.disconnect()
    await wire.close()
    await server.stop()
  })

  /** What the fleet's leader does: a refused command may end a chain of ticks, because the next one was not made. */
  async function revive(): Promise<void> {
    while (!over) {
      const stopped = await bench.schedules.overdue(500, 100).catch(() => [])
      for (const userId of stopped)
        await bench.schedules.repair({ userId, everyMs: EVERY_MS }, 'stopped').catch(() => undefined)
      await delay(500)
    }
  }

  /** Two rounds of everybody, from now on; answers how many milliseconds they took. */
  async function polling(ms: number): Promise<number> {
    const from = performance.now()
    const wanted = polls + 2 * PEOPLE
    await until('polls go on', () => polls >= wanted, ms)
    return Math.round(performance.now() - from)
  }

  beforeEach(() => polling(20_000))

  const cases: readonly (readonly [what: string, hurt: () => Promise<unknown>, withinMs: number])[] = [
    [
      'all connections are killed, five times in a row',
      async () => {
        for (let i = 0; i < 5; i++) {
          await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
          await delay(200)
        }
      },
      15_000,
    ],
    ['it pauses all clients for 3 s', () => admin.call('CLIENT', 'PAUSE', '3000'), 8_000],
    ['its scripts are flushed', () => admin.script('FLUSH'), 5_000],
    [
      'it is out of memory for a while',
      async () => {
        await admin.config('SET', 'maxmemory', '1mb')
        await delay(2_000)
        await admin.config('SET', 'maxmemory', '0')
      },
      10_000,
    ],
    [
      'it is a replica for a while',
      async () => {
        await admin.call('REPLICAOF', '127.0.0.1', '1')
        await delay(2_000)
        await admin.call('REPLICAOF', 'NO', 'ONE')
      },
      10_000,
    ],
    [
      'it is frozen for 4 s',
      async () => {
        process.kill(server.pid, 'SIGSTOP')
        await delay(4_000)
        process.kill(server.pid, 'SIGCONT')
      },
      8_000,
    ],
    [
      'the network swallows everything for 3 s',
      async () => {
        wire.freeze()
        await delay(3_000)
        wire.thaw()
      },
      8_000,
    ],
    ['every command takes 60 ms longer', async () => wire.slow(30), 20_000],
  ]
  for (const [what, hurt, withinMs] of cases)
    it(`goes on polling when ${what}`, async () => {
      try {
        await hurt()
        await polling(withinMs)
      } finally {
        wire.slow(0)
      }
    })

  it('does not hammer a Redis that refuses the password, and does not tell it', async () => {
    await admin.config('SET', 'requirepass', 'c4n4ry-right')
    const refused: string[] = []
    const listener = { onError: ({ message, stack }: Error) => void refused.push(`${message} ${stack}`) }
    const before = wire.connections()
    const wrong = new URL(through(wire, server.url))
    wrong.password = 'c4n4ry-wrong'
    const clients = [connectForRequests(wrong.href, listener), connectForWork(wrong.href, listener)]
    await delay(5_000)
    const tries = wire.connections() - before
    for (const client of clients) client.disconnect()
    await admin.config('SET', 'requirepass', '')
    expect(refused.length).to.be.at.least(2)
    expect(refused.join('\n')).not.to.include('c4n4ry')
    // The first few come quicker than one a second, and the pace halves with each.
    expect(tries, 'of two clients in 5 s').to.be.within(4, 16)
  })

  it('will not do where it drops keys, or forgets everything in production', async () => {
    expect(await unfitness(admin, { production: false })).to.deep.equal([])
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const [problem = ''] = await unfitness(admin, { production: false })
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    expect(problem).to.include('allkeys-lru').and.include('noeviction')
    expect((await unfitness(admin, { production: true })).join()).to.include('appendonly')
  })
})
