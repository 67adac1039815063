import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { toInstant } from '@bg-ingest/domain'
import { eraseLateWrites, eraseUser, keepReceipt, publishChanges, sweepErased } from '@bg-ingest/ingest'
import { createUserRegistry } from '@bg-ingest/store/write'
import { expect } from 'chai'
import { aMeasurement } from '../support/build.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

describe('an erasure, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  const erase = (world: World) => eraseUser(world.ports, world.userId, world.never)
  const idsOf = (world: World) => world.publisher.ofKind('user.erased').map(({ id }) => id)

  async function withReadings() {
    const world = aWorld(dynamo)
    await world.connect()
    world.dexcom.add(ago(world, 3 * MINUTE_MS), ago(world, 2 * MINUTE_MS), ago(world, MINUTE_MS))
    await world.sync()
    return world
  }
  const registered = ({ userId }: World) => createUserRegistry(dynamo.client(), dynamo.tables.accounts).entry(userId)

  async function writeLate(world: World) {
    const late = aMeasurement({ timestamp: toInstant(world.clock.now()) })
    const reading = { ...late, userId: world.userId, sequence: 4, revision: 1, receivedAt: late.timestamp }
    // Its condition holds: with the readings their fences have gone.
    await world.readings.write({ id: 'frozen', fence: 1 }, [reading], () => undefined)
    expect(await world.stored()).to.have.property('size', 1)
  }

  it('is another one for somebody who came back the same day, and told as another', async () => {
    const world = await withReadings()
    const first = await erase(world)
    await world.connect()
    await world.sync()
    expect((await world.state()).erasure ?? null).to.equal(null)
    const second = await erase(world)
    expect(second.id).not.to.equal(first.id)
    expect(new Set(idsOf(world)).size).to.equal(2)
  })

  it('is the same one where it is run again, which tells nothing new', async () => {
    const world = await withReadings()
    const first = await erase(world)
    world.clock.advance(DAY_MS)
    const second = await erase(world)
    expect([second.id, second.at, second.readings]).to.deep.equal([first.id, first.at, 3])
    expect(idsOf(world)).to.have.length(1)
  })

  it('tells nothing of what waited for the broker, but that the person was erased', async () => {
    const world = await withReadings()
    world.publisher.accept(0)
    world.dexcom.add(ago(world, 30_000))
    await world.sync()
    const before = world.publisher.taken.length
    expect(await erase(world)).to.include({ told: false, readings: 4 })
    // Still in the registry, or nobody would look there again.
    expect(await registered(world)).to.include({ status: 'disconnected' })
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: true })
    world.publisher.accept(1e6)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: false })
    expect(await registered(world)).to.equal(null)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: false })
    expect(world.publisher.taken.slice(before).map(({ routingKey }) => routingKey)).to.deep.equal(['user.erased'])
  })

  it('during a sync makes it fail, and leaves nothing of it', async () => {
    const world = await withReadings()
    world.dexcom.add(ago(world, 30_000))
    world.dexcom.beforeNext('fetchReadings', async () => {
      world.clock.advance(LEASE_OVER_MS)
      await erase(world)
    })
    await expectCode(world.sync(), 'lease_lost')
    expect(await world.stored()).to.have.property('size', 0)
    expect(await world.accounts.rangesAfter(world.userId, 0, 10)).to.deep.equal([])
  })

  it('deletes with its second sweep what a frozen worker wrote behind the first', async () => {
    const world = await withReadings()
    const { id } = await erase(world)
    await writeLate(world)
    expect(await sweepErased(world.ports, { userId: world.userId, id }, world.never)).to.include({ readings: 4 })
    expect(await world.stored()).to.have.property('size', 0)
    expect(idsOf(world)).to.have.length(1)
  })

  it('is completed by who wrote behind its last sweep, and only where nobody has come back', async () => {
    const world = await withReadings()
    const clean = () => eraseLateWrites(world.ports, world.userId, world.never)
    expect(await clean()).to.equal(0)
    expect(await world.stored()).to.have.property('size', 3)
    const { id } = await erase(world)
    await keepReceipt(world.ports, { userId: world.userId, id, receipt: { jobs: 1 } }, world.never)
    await writeLate(world)
    expect(await clean()).to.equal(1)
    expect(await world.stored()).to.have.property('size', 0)
    expect((await world.state()).erasure).to.deep.include({ id, readings: 4, entombed: true, receipt: { jobs: 1 } })
    expect(idsOf(world)).to.have.length(1)
    await world.connect()
    await world.sync()
    expect(await clean()).to.equal(0)
    expect(await world.stored()).to.have.property('size', 3)
  })

  it('is not swept again once the person has come back', async () => {
    const world = await withReadings()
    const { id } = await erase(world)
    await world.connect()
    await world.sync()
    expect(await sweepErased(world.ports, { userId: world.userId, id }, world.never)).to.equal(null)
    expect(await world.stored()).to.have.property('size', 3)
  })

  it('keeps the first receipt on its tombstone, and none on somebody who came back', async () => {
    const world = await withReadings()
    const { id } = await erase(world)
    const keep = (jobs: number) =>
      keepReceipt(world.ports, { userId: world.userId, id, receipt: { jobs } }, world.never)
    expect(await keep(1)).to.deep.equal({ jobs: 1 })
    expect(await keep(2)).to.deep.equal({ jobs: 1 })
    await world.connect()
    expect(await keep(3)).to.deep.equal({ jobs: 3 })
    expect((await world.state()).erasure ?? null).to.equal(null)
  })

  it('leaves a tombstone that expires although a connect was begun and failed, and one that succeeds wakes', async () => {
    const world = await withReadings()
    await erase(world)
    const expiry = async () => {
      const { Item } = await dynamo
        .client()
        .send(new GetCommand({ TableName: dynamo.tables.accounts, Key: { userId: world.userId, item: 'state' } }))
      return Item?.['expiresAt']
    }
    const before = await expiry()
    await expectCode(world.connect('bad-code'), 'authorization_failed')
    expect(await expiry()).to.equal(before)
    await world.connect()
    expect(await expiry()).to.equal(undefined)
  })

  it('of a tombstone whose connect died behind its one write is ended by the next sync', async () => {
    const world = await withReadings()
    await erase(world)
    const finish: World['accounts']['finish'] = () => Promise.reject(new Error('died'))
    await world.connect('good-code', { ...world.ports, accounts: { ...world.accounts, finish } }).catch(() => undefined)
    world.clock.advance(LEASE_OVER_MS)
    expect((await world.state()).erasure).not.to.equal(undefined)
    await world.sync()
    expect((await world.state()).erasure ?? null).to.equal(null)
  })

  it('is another one for somebody whose connect died behind its one write', async () => {
    const world = await withReadings()
    const { id } = await erase(world)
    const finish: World['accounts']['finish'] = () => Promise.reject(new Error('died'))
    await world.connect('good-code', { ...world.ports, accounts: { ...world.accounts, finish } }).catch(() => undefined)
    world.clock.advance(LEASE_OVER_MS)
    expect(await erase(world))
      .to.include({ told: true })
      .and.not.to.include({ id })
    expect(new Set(idsOf(world)).size).to.equal(2)
  })
})
