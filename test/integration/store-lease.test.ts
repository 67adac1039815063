import { randomUUID } from 'node:crypto'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { toInstant, type UserId } from '@bg-ingest/domain'
import { createAccountWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { useDynamo } from '../support/dynamo.ts'
import { injectFaults } from '../support/dynamo-faults.ts'
import { expectCode } from '../support/thrown.ts'

const TTL_MS = 15_000
const ONCE = { ttlMs: TTL_MS, revive: false }
const AT = toInstant(Date.parse('2026-11-20T11:00:00Z'))

describe('the lease of a person, on DynamoDB', () => {
  const dynamo = useDynamo()

  function setUp() {
    const clock = aClock()
    const client = dynamo.client()
    const userId = aUserId('lease')
    const accounts = createAccountWriter(client, dynamo.tables.accounts, clock.now)
    const take = async (options: Partial<typeof ONCE> = {}) => {
      const id = randomUUID()
      const taken = await accounts.takeLease(userId, id, { ...ONCE, ...options })
      return taken && { id, ...taken }
    }
    const taken = async () => (await take()) ?? expect.fail('the lease was not free')
    const item = async (name = 'state', user: UserId = userId) =>
      (await client.send(new GetCommand({ TableName: dynamo.tables.accounts, Key: { userId: user, item: name } }))).Item
    return { clock, client, userId, accounts, take, taken, item }
  }

  it('goes to one of fifty that ask at once', async () => {
    const { take } = setUp()
    const taken = await Promise.all(Array.from({ length: 50 }, () => take()))
    expect(taken.filter((lease) => lease !== null)).to.have.length(1)
  })

  it('has a fence that grows by one each time it is taken, however it ended', async () => {
    const { clock, userId, accounts, taken } = setUp()
    const fences: number[] = []
    for (let i = 0; i < 4; i += 1) {
      const lease = await taken()
      fences.push(lease.fence)
      if (i % 2 === 0) await accounts.finish(userId, lease, {})
      else clock.advance(TTL_MS + 1)
    }
    expect(fences).to.deep.equal([1, 2, 3, 4])
  })

  it('is not another person’s', async () => {
    const [one, other] = [setUp(), setUp()]
    await one.taken()
    expect((await other.taken()).fence).to.equal(1)
  })

  it('can be taken once it has ended, not before', async () => {
    const { clock, take } = setUp()
    await take()
    clock.advance(TTL_MS)
    expect(await take()).to.equal(null)
    clock.advance(1)
    expect(await take()).to.have.property('fence', 2)
  })

  it('lasts on when renewed', async () => {
    const { clock, userId, accounts, take, taken } = setUp()
    const lease = await taken()
    clock.advance(TTL_MS - 1)
    expect(await accounts.renewLease(userId, lease, TTL_MS)).to.equal(true)
    clock.advance(TTL_MS)
    expect(await take()).to.equal(null)
  })

  it('is of no use to the one who lost it', async () => {
    const { clock, userId, accounts, taken, item } = setUp()
    const old = await taken()
    clock.advance(TTL_MS + 1)
    const current = await taken()
    expect(await accounts.renewLease(userId, old, TTL_MS)).to.equal(false)
    await expectCode(accounts.finish(userId, old, { committedSequence: 99 }), 'lease_lost')
    await expectCode(accounts.entomb(userId, old), 'lease_lost')
    await expectCode(accounts.finish(userId, { id: current.id, fence: old.fence }, {}), 'lease_lost')
    expect(await item())
      .to.include({ leaseId: current.id, fence: current.fence })
      .and.not.have.property('committedSequence')
    expect(await accounts.renewLease(userId, current, TTL_MS)).to.equal(true)
  })

  it('ends together with the move of the state', async () => {
    const { userId, accounts, take, taken } = setUp()
    const history = { state: 'running', from: AT, to: AT, through: AT, readings: 7 } as const
    await accounts.finish(userId, await taken(), { committedSequence: 5, publishedSequence: 3, newestAt: AT, history })
    const next = await take()
    expect(next?.state).to.include({ committedSequence: 5, publishedSequence: 3, newestAt: AT, lastSuccessAt: null })
    expect(next?.state.history).to.deep.equal(history)
  })

  it('leaves alone what a patch does not name', async () => {
    const { userId, accounts, taken } = setUp()
    await accounts.finish(userId, await taken(), { committedSequence: 5, newestAt: AT })
    await accounts.finish(userId, await taken(), { publishedSequence: 5 })
    expect((await taken()).state).to.include({ committedSequence: 5, publishedSequence: 5, newestAt: AT })
  })

  it('shows a person never seen as one who has nothing', async () => {
    const { state } = await setUp().taken()
    expect(state).to.include({ committedSequence: 0, publishedSequence: 0, newestAt: null, slowRecordsAt: null })
    expect(state.history.state).to.equal('none')
  })

  describe('when the answer is lost and the SDK asks again', () => {
    it('knows that it was taken by us', async () => {
      const { client, userId, accounts, taken, take } = setUp()
      const faults = injectFaults(client)
      await accounts.finish(userId, await taken(), { committedSequence: 7 })
      faults.loseAnswerOf('UpdateItem')
      const lease = await taken()
      expect(lease).to.have.property('fence', 2)
      expect(lease.state.committedSequence).to.equal(7)
      expect(faults.lost).to.equal(1)
      expect(await take()).to.equal(null)
    })

    it('knows that it ended by us, also where the next has taken it meanwhile', async () => {
      const { client, userId, accounts, taken } = setUp()
      const faults = injectFaults(client)
      faults.loseAnswerOf('UpdateItem')
      const lease = await taken()
      faults.loseAnswerOf('UpdateItem')
      await accounts.finish(userId, lease, { committedSequence: 8 })
      expect(faults.lost).to.equal(2)
      const next = await taken()
      expect(next.state.committedSequence).to.equal(8)
      await accounts.finish(userId, lease, { committedSequence: 8 })
      expect(await accounts.renewLease(userId, next, TTL_MS)).to.equal(true)
    })

    it('knows that the tombstone was set by us', async () => {
      const { client, userId, accounts, taken } = setUp()
      const faults = injectFaults(client)
      const lease = await taken()
      faults.loseAnswerOf('PutItem')
      await accounts.entomb(userId, lease)
      expect(faults.lost).to.equal(1)
    })
  })

  describe('of an erased person', () => {
    it('keeps the fence and nothing else, for thirty days', async () => {
      const { clock, userId, accounts, taken, item } = setUp()
      const lease = await taken()
      await accounts.finish(userId, lease, { newestAt: AT, committedSequence: 5, publishedSequence: 5 })
      const last = await taken()
      await accounts.entomb(userId, last)
      expect(await item()).to.deep.equal({
        userId,
        item: 'state',
        fence: 2,
        finishedLeaseId: last.id,
        expiresAt: clock.now() / 1000 + 30 * 86_400,
      })
    })

    it('still counts up for late runs, which do not keep the tombstone from expiring', async () => {
      const { userId, accounts, taken, item } = setUp()
      await accounts.entomb(userId, await taken())
      const late = await taken()
      expect(late).to.deep.include({ fence: 2 })
      expect(late.state).to.include({ committedSequence: 0, newestAt: null })
      await accounts.finish(userId, late, {})
      expect(await item()).to.have.property('expiresAt')
    })

    it('is kept for another day by a connect that begins near its end, and still goes where that fails', async () => {
      const { clock, userId, accounts, taken, take, item } = setUp()
      await accounts.entomb(userId, await taken())
      clock.advance(30 * 86_400_000)
      const lease = await take({ revive: true })
      expect(await item()).to.have.property('expiresAt', clock.now() / 1000 + 86_400)
      await accounts.finish(userId, lease ?? expect.fail('not free'), {})
      expect(await item()).to.have.property('expiresAt', clock.now() / 1000 + 86_400)
    })

    it('is woken by a connect that succeeds', async () => {
      const { userId, accounts, taken, item } = setUp()
      await accounts.entomb(userId, await taken())
      const lease = await taken()
      await accounts.finish(userId, lease, { erasure: null })
      expect(await item()).not.to.have.any.keys('expiresAt', 'erasure', 'leaseId')
    })
  })
})
