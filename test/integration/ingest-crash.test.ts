import { readingKey, toInstant, toRanges } from '@bg-ingest/domain'
import { type Ports, publishChanges } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal, Killed, type Mortal } from '../support/mortal.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, HOUR_MS, LEASE_OVER_MS, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('a worker that dies in the middle of a sync, on DynamoDB', function () {
  this.timeout(60_000)
  const dynamo = useDynamo()

  /** A person with stored readings, for whom Dexcom then has two new ones, a late one and a changed one. */
  async function withNews() {
    const world = aWorld(dynamo)
    await world.connect()
    const changing = ago(world, 2 * MINUTE_MS)
    world.dexcom.add(ago(world, 3 * MINUTE_MS), changing)
    await world.sync()
    world.clock.advance(15 * MINUTE_MS)
    world.dexcom.add(ago(world, MINUTE_MS), ago(world, 6 * MINUTE_MS), ago(world, 20 * HOUR_MS))
    world.dexcom.add({ ...changing, glucose: changing.glucose + 30 })
    return world
  }

  /** Runs a sync as a process that dies as `fate` says; true where it did die. */
  async function dies(
    world: World,
    fate: (mortal: Mortal) => void,
    run: (ports: Ports) => Promise<unknown> = (ports) => world.sync({}, ports),
  ) {
    const mortal = aMortal()
    fate(mortal)
    const outcome = await run(world.portsOf(mortal)).then(
      () => null,
      (err: unknown) => err,
    )
    mortal.release()
    if (mortal.dead && outcome !== null) expect(outcome).to.be.instanceOf(Killed)
    return mortal.dead
  }

  for (const step of ['lease-taken', 'adopted', 'fetched', 'claimed', 'written', 'published', 'finished'])
    it(`at "${step}": the next run ends with everything stored, numbered and told`, async () => {
      const world = await withNews()
      expect(await dies(world, (mortal) => mortal.dieAt(step))).to.equal(true)
      if (step !== 'finished') await expectCode(world.sync(), 'lease_taken')
      world.clock.advance(LEASE_OVER_MS)
      await world.sync()
      await expectConverged(world)
    })

  it('before or after any one of its calls, answer lost: the same', async () => {
    const scout = await withNews()
    const alive = aMortal()
    await scout.sync({}, scout.portsOf(alive))
    expect(alive.calls).to.be.above(8)
    for (let call = 1; call <= alive.calls; call += 1)
      for (const when of ['before', 'after'] as const) {
        const world = await withNews()
        expect(await dies(world, (mortal) => mortal.dieAround(call, when)), `${when} call ${call}`).to.equal(true)
        world.clock.advance(LEASE_OVER_MS)
        await world.sync()
        await expectConverged(world)
      }
  })

  it('twice in a row, at different steps: the same', async () => {
    for (const [first, second] of [
      ['claimed', 'claimed'],
      ['claimed', 'adopted'],
      ['written', 'claimed'],
      ['published', 'written'],
    ] as const) {
      const world = await withNews()
      await dies(world, (mortal) => mortal.dieAt(first))
      world.clock.advance(LEASE_OVER_MS)
      await dies(world, (mortal) => mortal.dieAt(second))
      world.clock.advance(LEASE_OVER_MS)
      world.dexcom.add(ago(world, 0))
      world.clock.advance(MINUTE_MS)
      await world.sync()
      await expectConverged(world)
    }
  })

  it('with a part of its readings written and the broker away: told later, by whoever comes', async () => {
    const world = await withNews()
    world.publisher.accept(0)
    await dies(world, (mortal) => mortal.dieAt('written'))
    world.clock.advance(LEASE_OVER_MS)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: true })
    await world.sync()
    world.publisher.accept(1e6)
    expect(await publishChanges(world.ports, world.userId, world.never)).to.include({ pending: false })
    await expectConverged(world)
  })

  it('with only some of many readings written: the rest is fetched again under new numbers', async () => {
    // Four batches at a time ask before they are built, and then, one by one, before they are sent.
    for (const asked of [5, 21]) {
      const world = aWorld(dynamo)
      await world.connect()
      world.dexcom.add(...Array.from({ length: 450 }, (_, i) => ago(world, (450 - i) * MINUTE_MS)))
      const mortal = aMortal()
      const { writeAbsent } = world.readings
      const halfWay = {
        ...world.portsOf(mortal),
        readings: mortal.guard({
          ...world.readings,
          writeAbsent: (lease: Parameters<typeof writeAbsent>[0], all: Parameters<typeof writeAbsent>[1]) => {
            let asks = 0
            return writeAbsent(lease, all, () => {
              asks += 1
              if (asks > asked) mortal.die()
              if (mortal.dead) throw new Killed('dead')
            })
          },
        }),
      }
      await world.sync({}, halfWay).catch(() => undefined)
      expect(mortal.dead).to.equal(true)
      expect((await world.stored()).size).to.be.within(1, 449)
      world.clock.advance(LEASE_OVER_MS)
      await world.sync()
      await expectConverged(world)
    }
  })

  it('with only some of its ranges claimed: the same', async () => {
    const world = aWorld(dynamo)
    await world.connect()
    world.dexcom.add(...Array.from({ length: 450 }, (_, i) => ago(world, (450 - i) * MINUTE_MS)))
    const mortal = aMortal()
    const { appendRanges } = world.accounts
    const halfWay: Ports = {
      ...world.portsOf(mortal),
      accounts: mortal.guard({
        ...world.accounts,
        appendRanges: async (
          userId: Parameters<typeof appendRanges>[0],
          lease: Parameters<typeof appendRanges>[1],
          ranges: Parameters<typeof appendRanges>[2],
        ) => {
          await appendRanges(userId, lease, ranges.slice(0, 2))
          mortal.die()
        },
      }),
    }
    await world.sync({}, halfWay).catch(() => undefined)
    world.clock.advance(LEASE_OVER_MS)
    await world.sync()
    await expectConverged(world)
    // 400 numbers nobody's readings carry any more, and 450 that they do.
    expect((await world.state()).committedSequence).to.equal(850)
  })

  it('and wakes up to claim while another tells what waits: left to the next run, not told half-way', async () => {
    const world = await withNews()
    world.publisher.accept(0)
    await world.sync()
    world.publisher.accept(1e6)
    const { committedSequence: committed, publishedSequence: published } = await world.state()
    expect(published).to.be.below(committed)
    const [late] = world.dexcom.records()
    if (!late) return expect.fail()
    const changes = [{ sequence: committed + 1, kind: 'updated', key: readingKey(late) }] as const
    const { rangesAfter, appendRanges } = world.accounts
    let asked = 0
    const overtaken: World['accounts'] = {
      ...world.accounts,
      rangesAfter: async (...args) => {
        asked += 1
        if (asked === 2)
          await appendRanges(world.userId, { id: 'frozen', fence: 1 }, toRanges(changes, toInstant(world.clock.now())))
        return rangesAfter(...args)
      },
    }
    await publishChanges({ ...world.ports, accounts: overtaken }, world.userId, world.never)
    expect(await world.state()).to.include({ committedSequence: committed, publishedSequence: committed })
    await world.sync()
    await expectConverged(world)
  })

  it('while it publishes what waits: told once more at most, with the same id', async () => {
    const world = await withNews()
    world.publisher.accept(0)
    await world.sync()
    world.publisher.accept(1e6)
    const publish = (ports: Ports) => publishChanges(ports, world.userId, world.never)
    const alive = aMortal()
    for (let call = 1; call <= 6; call += 1) {
      expect(await dies(world, (mortal) => mortal.dieAround(call, 'after'), publish), `call ${call}`).to.equal(true)
      world.clock.advance(LEASE_OVER_MS)
    }
    await publish(world.portsOf(alive))
    await expectConverged(world)
    const ids = world.publisher.ofKind('readings.changed').map(({ id }) => id)
    expect(new Set(ids).size).to.equal(2)
  })
})
