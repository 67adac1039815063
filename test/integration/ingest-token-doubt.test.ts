import { AppError, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aMeasurement } from '../support/build.ts'
import { expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aMortal } from '../support/mortal.ts'
import { expectCode } from '../support/thrown.ts'
import { aWorld, HOUR_MS, LEASE_OVER_MS, type World } from '../support/world.ts'

/** The access tokens of these tests live two hours and are renewed up to 15 minutes before. */
const DUE_MS = 2 * HOUR_MS
const AMBIGUOUS_MS = 30_000
/** A use whose end nobody noted may be on its way for 45 s, and its grant be tried to be saved for 60 s; clocks differ by 5 s. */
const IN_FLIGHT_MS = 110_000

describe('tokens whose last use had no known outcome, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  async function connected() {
    const world = aWorld(dynamo)
    await world.connect()
    world.dexcom.add(aMeasurement({ timestamp: toInstant(world.clock.now() - 1_000) }))
    return world
  }
  const due = async () => {
    const world = await connected()
    world.clock.advance(DUE_MS)
    return world
  }
  const presented = ({ dexcom }: World) =>
    dexcom.asked.filter(({ method }) => method === 'refresh').map((call) => call.presented)
  const notices = ({ publisher }: World) => publisher.ofKind('connection.needs_reauth').map(({ data }) => data.reason)
  const tokens = async (world: World) => (await world.connection())?.tokens ?? expect.fail('no tokens')

  describe('presented without an answer', () => {
    it('are presented once more, not before 30 s have passed', async () => {
      const world = await due()
      world.dexcom.failNext('refresh', new AppError('upstream_outcome_unknown', 'reset'))
      const lost = await expectCode(world.sync(), 'upstream_outcome_unknown')
      expect(lost.retryAfterMs).to.equal(AMBIGUOUS_MS)
      world.clock.advance(AMBIGUOUS_MS - 1)
      expect(await expectCode(world.sync(), 'upstream_outcome_unknown')).to.have.property('retryAfterMs', 1)
      expect(presented(world)).to.deep.equal(['refresh-1'])
      world.clock.advance(1)
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
      expect(await tokens(world)).to.include({ version: 2, presentations: 0 })
      await expectConverged(world)
    })

    it('and spent all the same, need a new connection after the second time', async () => {
      const world = await due()
      world.dexcom.loseNextRefresh()
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      world.clock.advance(AMBIGUOUS_MS)
      await expectCode(world.sync(), 'needs_reauth')
      expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
      expect(notices(world)).to.deep.equal(['invalid_grant'])
    })

    it('twice, are not presented a third time', async () => {
      const world = await due()
      for (let i = 0; i < 2; i += 1) {
        world.dexcom.failNext('refresh', new AppError('upstream_outcome_unknown', 'reset'))
        await expectCode(world.sync(), 'upstream_outcome_unknown')
        world.clock.advance(AMBIGUOUS_MS)
      }
      await expectCode(world.sync(), 'needs_reauth')
      expect(presented(world)).to.have.length(2)
      expect(notices(world)).to.deep.equal(['answer_lost'])
    })

    it('stay in doubt where the second time Dexcom is away: a third answer that is lost ends it', async () => {
      const world = await due()
      world.dexcom.failNext('refresh', new AppError('upstream_outcome_unknown', 'reset'))
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      world.clock.advance(AMBIGUOUS_MS)
      world.dexcom.failNext('refresh', new AppError('upstream_unavailable', '503'))
      await expectCode(world.sync(), 'upstream_unavailable')
      expect(await tokens(world)).to.have.property('presentations', 1)
      world.dexcom.failNext('refresh', new AppError('upstream_outcome_unknown', 'reset'))
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      world.clock.advance(AMBIGUOUS_MS)
      await expectCode(world.sync(), 'needs_reauth')
      expect(presented(world)).to.have.length(3)
    })
  })

  describe('while that is open', () => {
    const inDoubtEarly = async () => {
      const world = await connected()
      world.clock.advance(DUE_MS - 60_000)
      world.dexcom.failNext('refresh', new AppError('upstream_outcome_unknown', 'reset'))
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      return world
    }

    it('leave the access token in use to its end', async () => {
      const world = await inDoubtEarly()
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1'])
      await expectConverged(world)
      world.clock.advance(AMBIGUOUS_MS)
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1', 'refresh-1'])
    })

    it('are not presented over a 401 either', async () => {
      const world = await inDoubtEarly()
      world.dexcom.expireAccess()
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      expect(presented(world)).to.deep.equal(['refresh-1'])
    })

    it('are not presented by a worker whose clock is 30 s ahead, though 40 s pass without an answer', async () => {
      const world = await due()
      const ahead = { ...world.clock, now: () => world.clock.now() + 30_000 }
      const other = { ...world.ports, clock: ahead, accounts: world.accountsAt(ahead.now) }
      world.dexcom.beforeNext('refresh', async () => {
        await expectCode(world.sync({}, other), 'upstream_outcome_unknown')
        world.clock.advance(40_000)
        await expectCode(world.sync({}, other), 'upstream_outcome_unknown')
      })
      await expectCode(world.sync(), 'lease_lost')
      expect(presented(world)).to.deep.equal(['refresh-1'])
      await world.sync()
      expect(presented(world)).to.have.length(1)
      await expectConverged(world)
    })
  })

  describe('of a worker that dies', () => {
    const dies = async (world: World, step: string) => {
      const mortal = aMortal()
      mortal.dieAt(step)
      await world.sync({}, world.portsOf(mortal)).catch(() => undefined)
      mortal.release()
      expect(mortal.dead).to.equal(true)
      world.clock.advance(LEASE_OVER_MS)
    }

    it('before it sent them: presented once nobody can have them in hand any more, and good', async () => {
      const world = await due()
      await dies(world, 'refresh-intended')
      const waiting = await expectCode(world.sync(), 'upstream_outcome_unknown')
      expect(waiting.retryAfterMs).to.equal(IN_FLIGHT_MS - LEASE_OVER_MS)
      expect(await tokens(world)).to.have.property('presentations', 1)
      world.clock.advance(IN_FLIGHT_MS - LEASE_OVER_MS - 1)
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      expect(presented(world)).to.deep.equal([])
      world.clock.advance(1)
      await world.sync()
      expect(presented(world)).to.deep.equal(['refresh-1'])
      await expectConverged(world)
    })

    it('with the answer in its hands: presented once more, then given up and told', async () => {
      const world = await due()
      await dies(world, 'refresh-answered')
      world.clock.advance(IN_FLIGHT_MS)
      await expectCode(world.sync(), 'needs_reauth')
      expect(presented(world)).to.have.length(2)
      expect(notices(world)).to.have.length(1)
    })

    it('each time with the answer lost: not presented a third time', async () => {
      const world = await due()
      for (let i = 0; i < 2; i += 1) {
        await dies(world, 'refresh-intended')
        world.clock.advance(IN_FLIGHT_MS)
      }
      await expectCode(world.sync(), 'needs_reauth')
      expect(notices(world)).to.deep.equal(['answer_lost'])
    })

    it('after saving them: used by the next, not renewed again', async () => {
      const world = await due()
      await dies(world, 'refresh-persisted')
      await world.sync()
      expect(presented(world)).to.have.length(1)
      await expectConverged(world)
    })
  })
})
