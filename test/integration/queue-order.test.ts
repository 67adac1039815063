import { setTimeout as delay } from 'node:timers/promises'
import { AppError, type UserId } from '@bg-ingest/domain'
import type { JobContext } from '@bg-ingest/queue'
import { forgetUser } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { createGate, until } from '../support/until.ts'

const PEOPLE = 50

describe('queue: what one person asks for, in order', () => {
  let server: LocalRedis
  let bench: QueueBench
  let ran: string[]

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    bench = await openQueueBench(server.url)
    ran = []
  })
  afterEach(() => bench.close())

  const connect = (userId: UserId) =>
    bench.producer.enqueue('connectUser', { v: 1, userId, region: 'default', sealedCode: 's', requestId: 'r' })
  const disconnect = (userId: UserId, erase = false) =>
    bench.producer.enqueue('disconnectUser', { v: 1, userId, erase, requestId: 'r' })
  const configure = (userId: UserId) =>
    bench.producer.enqueue('configureUser', { v: 1, userId, paused: true, requestId: 'r' })

  /** Two processes, whose every first start finds the lease taken: what waits to look again must not be overtaken. */
  function consumeReluctantly() {
    const handle =
      (what: string) =>
      async ({ userId }: { readonly userId: UserId }, { attemptsStarted, jobId }: JobContext) => {
        if (attemptsStarted === 1 && Number(jobId.charCodeAt(0)) % 2 === 0)
          throw new AppError('lease_taken', 'Another run holds this person')
        ran.push(`${what} begins ${userId}`)
        await delay(Math.random() * 20)
        ran.push(`${what} ends ${userId}`)
      }
    const handlers = {
      connectUser: handle('connect'),
      disconnectUser: handle('disconnect'),
      configureUser: handle('configure'),
    }
    for (let process = 0; process < 2; process++) bench.consume(handlers)
  }

  const of = (userId: UserId) => ran.filter((line) => line.endsWith(userId)).map((line) => line.split(' ')[0])

  for (const [what, ask, order] of [
    ['DELETE, then connect', [disconnect, connect], ['disconnect', 'connect']],
    ['connect, then DELETE', [connect, disconnect], ['connect', 'disconnect']],
    [
      'DELETE, connect, configure, DELETE',
      [disconnect, connect, configure, disconnect],
      ['disconnect', 'connect', 'configure', 'disconnect'],
    ],
  ] as const)
    it(`takes effect as asked, for ${PEOPLE} people at once: ${what}`, async () => {
      const people = Array.from({ length: PEOPLE }, aUser)
      consumeReluctantly()
      // All requests of a person leave in one go, without waiting for each other.
      await Promise.all(people.flatMap((userId) => ask.map((request) => request(userId))))
      await until('all are done', () => ran.length === 2 * order.length * PEOPLE, 25_000)
      for (const userId of people) expect(of(userId)).to.deep.equal(order.flatMap((step) => [step, step]))
    }).timeout(40_000)

  it('does not let another person wait', async () => {
    const [slow, quick] = [aUser(), aUser()]
    const gate = createGate()
    const connectUser = async ({ userId }: { readonly userId: UserId }) => {
      if (userId === slow) await gate.passed
      ran.push(userId)
    }
    bench.consume({ connectUser, disconnectUser: async ({ userId }) => void ran.push(`end ${userId}`) })
    await connect(slow)
    await disconnect(slow)
    await connect(quick)
    await until('the other is through', () => ran.includes(quick))
    expect(ran).to.deep.equal([quick])
    gate.open()
    await until('the first is through', () => ran.includes(`end ${slow}`))
    expect(ran).to.deep.equal([quick, slow, `end ${slow}`])
  })

  it('forgets, with an erased person, what was asked for before the erasure and not what came after', async () => {
    const userId = aUser()
    const before = await configure(userId)
    const erasure = await disconnect(userId, true)
    const after = await connect(userId)
    const queue = bench.queues['bg-connection']
    const askedAt = (await queue.getJob(erasure.jobId))?.timestamp ?? expect.fail()
    expect(await forgetUser(bench.queues, userId, askedAt)).to.equal(1)
    expect(await queue.getJob(before.jobId)).to.equal(undefined)
    expect(await queue.getJob(after.jobId)).not.to.equal(undefined)
  })
})
