import { epochMs, toInstant } from '@bg-ingest/domain'
import { disconnectUser, eraseUser, failHistory, importHistory } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal, type Mortal } from '../support/mortal.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, HOUR_MS, LEASE_OVER_MS, type World } from '../support/world.ts'

const DAY_MS = 24 * HOUR_MS
const CHUNK = 1_000

describe('import of history, on DynamoDB', function () {
  this.timeout(60_000)
  const dynamo = useDynamo()

  const step = (world: World, { retentionDays = 0, ports = world.ports, stopping = (): boolean => false } = {}) =>
    importHistory(ports, { retentionDays, stopping }, world.userId, world.never)
  /** Runs windows until none is left; answers how many there were. */
  const importAll = async (world: World, options: Parameters<typeof step>[1] = {}) => {
    let windows = 1
    while ((await step(world, options)).more) windows += 1
    return windows
  }
  const history = async (world: World) => (await world.state()).history
  async function connected(...days: readonly number[]) {
    const world = aWorld(dynamo)
    world.dexcom.add(...days.map((day) => ago(world, day * DAY_MS)))
    await world.connect()
    return world
  }
  /** So many readings, a minute apart, the newest an hour old. */
  async function withMany(count: number) {
    const world = await connected()
    world.dexcom.add(...Array.from({ length: count }, (_, i) => ago(world, HOUR_MS + i * 60_000)))
    return world
  }
  const windowsAsked = ({ dexcom }: World) =>
    dexcom.asked.flatMap(({ type, window }) => (type === 'cgm' && window ? [window] : []))

  it('stores everything there is, window by window, newest first, at the lowest priority', async () => {
    const world = await connected(1, 29, 31, 59, 61, 75)
    world.dexcom.add(ago(world, 40 * DAY_MS, { type: 'manual' }), ago(world, 80 * DAY_MS, { type: 'calibration' }))
    expect(await importAll(world)).to.equal(3)
    await expectConverged(world)
    expect(await history(world)).to.include({ state: 'complete', readings: 8 })
    const windows = windowsAsked(world)
    expect(windows.map(({ fromMs, toMs }) => toMs - fromMs <= 30 * DAY_MS)).to.deep.equal([true, true, true])
    expect(windows.map(({ toMs }) => toMs)).to.deep.equal([...windows.map(({ toMs }) => toMs)].sort((a, b) => b - a))
    expect(world.dexcom.asked.flatMap(({ type, priority }) => (type ? [priority] : []))).to.satisfy((all: number[]) =>
      all.every((p) => p === 100),
    )
  })

  it('checkpoints after each window', async () => {
    const world = await connected(1, 40, 70)
    expect(await step(world)).to.deep.equal({ more: true })
    const { state, from, through, to } = await history(world)
    expect(state).to.equal('running')
    expect(from).to.equal(toInstant(world.clock.now() - 70 * DAY_MS - pauses(world)))
    expect(epochMs(through ?? expect.fail()) - epochMs(to ?? expect.fail())).to.be.closeTo(-30 * DAY_MS, 5_000)
    expect(await world.stored()).to.have.property('size', 1)
  })
  // The clock moves on by what the import pauses between its chunks.
  const pauses = (world: World) => world.clock.monotonic()

  it('ends at once for an account without data', async () => {
    const world = await connected()
    expect(await step(world)).to.deep.equal({ more: false })
    expect(await history(world)).to.include({ state: 'complete', readings: 0 })
    const asked = world.dexcom.asked.length
    expect(await step(world)).to.deep.equal({ more: false })
    expect(world.dexcom.asked).to.have.length(asked)
  })

  it('leaves out what lies past retention', async () => {
    const world = aWorld(dynamo, { retentionDays: 50 })
    world.dexcom.add(...[1, 49, 51, 200].map((day) => ago(world, day * DAY_MS)))
    await world.connect()
    expect(await importAll(world, { retentionDays: 50 })).to.equal(2)
    expect(await world.stored()).to.have.property('size', 2)
    expect((await history(world)).state).to.equal('complete')
  })

  it('ends at once where everything lies past retention', async () => {
    const world = await connected(100, 200)
    expect(await importAll(world, { retentionDays: 50 })).to.equal(1)
    expect((await history(world)).state).to.equal('complete')
    expect(await world.stored()).to.have.property('size', 0)
  })

  it('writes nothing that a poll has stored already', async () => {
    const world = await connected(0.5)
    await world.sync()
    const written = world.readingWrites()
    await importAll(world)
    expect(world.readingWrites()).to.equal(written)
    await expectConverged(world)
  })

  describe('of a window of several chunks', () => {
    it('checkpoints after each chunk, and gives way between them', async () => {
      const world = await withMany(2 * CHUNK + 100)
      const seen: unknown[] = []
      const pause = async (ms: number) => {
        world.clock.advance(ms)
        // Whoever waits gets the lease now.
        await world.sync({ trigger: 'manual' })
        const { through, state } = await history(world)
        seen.push([state, through === null ? null : Math.round((world.clock.now() - epochMs(through)) / 60_000)])
      }
      await step(world, { ports: { ...world.ports, pause } })
      expect(seen).to.deep.equal([
        ['running', 60],
        ['running', 60 + CHUNK - 1],
        ['running', 60 + 2 * CHUNK - 1],
        ['running', 60 + 2 * CHUNK + 99],
      ])
      await expectConverged(world)
    })

    it('ends behind a chunk when its process is to stop, and another goes on from there', async () => {
      const world = await withMany(2 * CHUNK + 100)
      let chunks = 0
      const stopping = () => {
        chunks += 1
        return chunks > 1
      }
      expect(await step(world, { stopping })).to.deep.equal({ more: true })
      expect((await world.stored()).size).to.equal(CHUNK)
      await importAll(world)
      await expectConverged(world)
    })

    it('goes on behind the last checkpoint where a worker died, without loss', async () => {
      const scout = await withMany(CHUNK + 60)
      const alive = aMortal()
      await step(scout, { ports: scout.portsOf(alive) })
      const dies = async (fate: (mortal: Mortal) => void) => {
        const world = await withMany(CHUNK + 60)
        const mortal = aMortal()
        fate(mortal)
        await step(world, { ports: world.portsOf(mortal) }).catch(() => undefined)
        mortal.release()
        expect(mortal.dead).to.equal(true)
        world.clock.advance(LEASE_OVER_MS)
        await importAll(world)
        await expectConverged(world)
        expect(await history(world)).to.have.property('state', 'complete')
      }
      await dies((mortal) => mortal.dieAt('written'))
      // In the second chunk: from the last call on backwards.
      for (const back of [0, 3]) await dies((mortal) => mortal.dieAround(alive.calls - back, 'before'))
    })

    it('does not ask again for what is stored', async () => {
      const world = await withMany(CHUNK + 60)
      const mortal = aMortal()
      const pause = async (ms: number) => {
        world.clock.advance(ms)
        if ((await world.stored()).size === CHUNK) mortal.die()
      }
      await step(world, { ports: { ...world.portsOf(mortal), pause } }).catch(() => undefined)
      world.clock.advance(LEASE_OVER_MS)
      await importAll(world)
      await expectConverged(world)
      const [first, second] = windowsAsked(world)
      expect(((first?.toMs ?? 0) - (second?.toMs ?? 0)) / 60_000).to.be.within(CHUNK - 2, CHUNK)
    })

    it('stores nothing more of a person who is erased meanwhile', async () => {
      const world = await withMany(CHUNK + 60)
      const pause = async (ms: number) => {
        world.clock.advance(ms)
        if ((await world.stored()).size === CHUNK) await eraseUser(world.ports, world.userId, world.never)
      }
      expect(await step(world, { ports: { ...world.ports, pause } })).to.deep.equal({ more: false })
      expect(await world.stored()).to.have.property('size', 0)
      expect(await world.accounts.rangesAfter(world.userId, 0, 10)).to.deep.equal([])
      expect(await history(world)).to.have.property('state', 'none')
    })

    // The third pause lies behind the last chunk: only the end of the window is left.
    for (const nth of [1, 3])
      it(`leaves the import of a person who connects anew in pause ${nth} to the next run, whole`, async () => {
        const world = await withMany(CHUNK + 60)
        let pauses = 0
        const pause = async (ms: number) => {
          world.clock.advance(ms)
          pauses += 1
          if (pauses === nth) await world.connect()
        }
        await step(world, { ports: { ...world.ports, pause } })
        expect(pauses).to.be.at.least(nth)
        expect(await history(world)).to.include({ state: 'running', from: null })
        await importAll(world)
        await expectConverged(world)
        expect(await history(world)).to.include({ state: 'complete', readings: nth === 1 ? CHUNK + 60 : 0 })
      })

    it('waits for the lease while a sync holds it', async () => {
      const world = await withMany(10)
      let waits = 0
      let other = 0
      const pause = async (ms: number) => {
        world.clock.advance(ms)
        waits += 1
        if (waits === 1)
          other = (await world.accounts.takeLease(world.userId, 'other', { ttlMs: 15_000, revive: false }))?.fence ?? 0
        if (waits === 4) await world.accounts.finish(world.userId, { id: 'other', fence: other }, {})
      }
      await step(world, { ports: { ...world.ports, pause } })
      await expectConverged(world)
    })
  })

  it('gives way where another run holds the person', async () => {
    const world = await connected(1)
    await world.accounts.takeLease(world.userId, 'other', { ttlMs: 15_000, revive: false })
    await expectCode(step(world), 'lease_taken')
  })

  it('stops for a person who has disconnected', async () => {
    const world = await connected(1, 40)
    await step(world)
    await disconnectUser(world.ports, world.userId, world.never)
    await expectCode(step(world), 'not_connected')
  })

  it('given up is said so, and goes on where it stood', async () => {
    const world = await connected(1, 40)
    await step(world)
    await failHistory(world.ports, world.userId, world.never)
    expect((await history(world)).state).to.equal('failed')
    expect(await world.sync()).to.have.property('historyOpen', true)
    await importAll(world)
    await expectConverged(world)
    expect((await history(world)).state).to.equal('complete')
    expect(await world.sync()).to.have.property('historyOpen', false)
  })
})
