import { randomUUID } from 'node:crypto'
import { disconnectUser, eraseUser, keepReceipt } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { codeOf, type LatestStage, openLatestStage } from '../support/latest-stage.ts'
import { aMortal } from '../support/mortal.ts'
import { until } from '../support/until.ts'
import { ago, aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'

const CANARY = 333

describe('the entry that the newest reading is answered from, on DynamoDB and Redis', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  let stage: LatestStage
  before(async () => {
    stage = await openLatestStage(dynamo)
  })
  beforeEach(() => stage.trusted())
  after(() => stage.close())

  const shown = async ({ userId }: World) => {
    const entry = await stage.reader.read(userId)
    return entry && { ...entry, reading: JSON.parse(entry.readingJson) as { glucose: number } | null }
  }
  const glucoseIn = async (world: World) => (await shown(world))?.reading?.glucose
  const aPerson = async (glucose = CANARY) => {
    const world = aWorld(dynamo)
    const ports = stage.portsOf(world)
    await world.connect(undefined, ports)
    world.dexcom.add(ago(world, 400_000, { glucose: 120 }), ago(world, 100_000, { glucose }))
    await world.sync({}, ports)
    return { world, ports }
  }

  it('holds what was committed, by the very run that did', async () => {
    const { world, ports } = await aPerson()
    const entry = await shown(world)
    expect(entry).to.deep.include({ committedSequence: 2 })
    expect(entry?.connection).to.include({ status: 'connected', region: 'default' })
    expect(entry?.reading).to.include({ glucose: CANARY, sequence: 2, userId: world.userId })
    world.dexcom.add(ago(world, 50_000, { glucose: 99 }))
    await world.sync({}, ports)
    expect(await glucoseIn(world)).to.equal(99)
    // Older than the newest: stored, not shown.
    world.dexcom.add(ago(world, 900_000, { glucose: 77 }))
    await world.sync({}, ports)
    expect(await shown(world)).to.deep.include({ committedSequence: 4 })
    expect(await glucoseIn(world)).to.equal(99)
  })

  it('is asked for with those of all who ask in the same turn, and each gets their own', async () => {
    const people = [await aPerson(101), await aPerson(102), await aPerson(103)]
    const nobody = aWorld(dynamo)
    const commands = async (name: string) =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(await stage.redis.info('commandstats'))?.[1] ?? 0)
    const before = [await commands('mget'), await commands('get')]
    const found = await Promise.all([...people.map(({ world }) => glucoseIn(world)), glucoseIn(nobody)])
    expect(found).to.deep.equal([101, 102, 103, undefined])
    expect([(await commands('mget')) - (before[0] ?? 0), (await commands('get')) - (before[1] ?? 0)]).to.deep.equal([
      1, 0,
    ])
  })

  it('is kept through polls without news, and asks the store for nothing', async () => {
    const { world, ports } = await aPerson()
    const before = await shown(world)
    const queries = stage.queries()
    await world.sync({}, ports)
    const after = await shown(world)
    expect(after?.reading).to.deep.equal(before?.reading)
    expect(after?.run).not.to.equal(before?.run)
    expect(stage.queries() - queries, 'looks for the newest').to.equal(0)
  })

  it('is down from the lease on until the run has ended, and after a crash until the next one', async () => {
    const { world, ports } = await aPerson()
    world.dexcom.beforeNext('fetchReadings', async () => {
      expect(await shown(world)).to.equal(null)
    })
    await world.sync({}, ports)
    expect(await glucoseIn(world)).to.equal(CANARY)

    const mortal = aMortal()
    world.dexcom.add(ago(world, 20_000, { glucose: 88 }))
    mortal.dieAt('written')
    await world.sync({}, stage.portsOf(world, mortal)).catch(() => undefined)
    mortal.release()
    expect(await shown(world)).to.equal(null)
    world.clock.advance(LEASE_OVER_MS)
    await world.sync({}, ports)
    expect(await glucoseIn(world)).to.equal(88)
  })

  it('is not put up by a run of which nobody knows what it has written', async () => {
    const { world, ports } = await aPerson()
    world.dexcom.add(ago(world, 20_000, { glucose: 88 }))
    const failing = { ...ports, ...stage.portsOf({ ...world, readings: { ...world.readings, write: refuse } }) }
    expect(await codeOf(world.sync({}, failing))).to.equal('internal_error')
    expect(await shown(world)).to.equal(null)
    await world.sync({}, ports)
    expect(await glucoseIn(world)).to.equal(88)
  })
  const refuse = () => Promise.reject(new Error('the answer was lost'))

  it('tells disconnecting and needs_reauth at once', async () => {
    const { world, ports } = await aPerson()
    await disconnectUser(ports, world.userId, world.never)
    expect((await shown(world))?.connection?.status).to.equal('disconnected')
    const other = await aPerson()
    other.world.dexcom.revoke()
    other.world.dexcom.expireAccess()
    expect(await codeOf(other.world.sync({}, other.ports))).to.equal('needs_reauth')
    expect((await shown(other.world))?.connection?.status).to.equal('needs_reauth')
    expect(await glucoseIn(other.world)).to.equal(CANARY)
  })

  it('goes with an erasure, and no late run brings it back', async () => {
    const { world, ports } = await aPerson()
    const late = randomUUID()
    const stood = await stage.entries.takeDown(world.userId, late)
    expect(stood?.reading?.glucose).to.equal(CANARY)
    const { id } = await eraseUser(ports, world.userId, world.never)
    if (stood) await stage.entries.putUp(world.userId, late, stood)
    expect(await shown(world)).to.equal(null)
    await keepReceipt(ports, { userId: world.userId, id, receipt: {} }, world.never)
    expect(await shown(world)).to.equal(null)
  })

  it('of an older run never takes the place of a newer one', async () => {
    const { world, ports } = await aPerson()
    const older = randomUUID()
    const stood = await stage.entries.takeDown(world.userId, older)
    world.dexcom.add(ago(world, 20_000, { glucose: 88 }))
    await world.sync({}, ports)
    if (stood) await stage.entries.putUp(world.userId, older, stood)
    expect(await glucoseIn(world)).to.equal(88)
  })

  it('holds no glucose and no id in clear, and lasts an hour', async () => {
    const { world } = await aPerson()
    for (const key of await stage.redis.keys('*')) {
      const value = (await stage.redis.getBuffer(key)) ?? Buffer.alloc(0)
      for (const secret of [world.userId, 'glucose', String(CANARY), 'connected', 'cgm'])
        expect(`${key} ${value.toString('latin1')}`, secret).not.to.include(secret)
      expect(await stage.redis.pttl(key)).to.be.within(3_500_000, 3_600_000)
      expect(value.length).to.be.below(1_000)
    }
  })

  it('is not trusted where Redis has come back with what it held before', async () => {
    const { world, ports } = await aPerson()
    const [key = ''] = await stage.redis.keys('*:latest:*')
    const dump = new Map<string, Buffer>()
    for (const name of await stage.redis.keys('*'))
      dump.set(name, (await stage.redis.getBuffer(name)) ?? Buffer.alloc(0))
    expect(dump.has(key)).to.equal(true)
    await stage.restart()
    for (const [name, value] of dump) await stage.redis.set(name, value)
    expect(await shown(world)).to.equal(null)
    const counts = async () => {
      await world.sync({}, ports)
      return (await glucoseIn(world)) === CANARY
    }
    await until('an entry counts again', counts, 5_000)
  })

  it('that cannot be taken down for certain keeps the run from beginning', async () => {
    const { world, ports } = await aPerson()
    world.dexcom.add(ago(world, 20_000, { glucose: 88 }))
    const asked = world.dexcom.asked.length
    process.kill(stage.server.pid, 'SIGSTOP')
    try {
      expect(await codeOf(world.sync({}, ports))).to.equal('service_unavailable')
      const startedAt = performance.now()
      expect(await shown(world)).to.equal(null)
      expect(await shown(world)).to.equal(null)
      expect(performance.now() - startedAt, 'a frozen Redis costs one read 50 ms').to.be.below(200)
    } finally {
      process.kill(stage.server.pid, 'SIGCONT')
    }
    expect(world.dexcom.asked.length).to.equal(asked)
    await until('Redis answers', async () => (await stage.redis.ping()) === 'PONG')
    await world.sync({}, ports)
    await until('the pause is over', async () => (await glucoseIn(world)) === 88, 5_000)
  })
})
