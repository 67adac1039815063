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

  describe('of a worker that dies', () => {
    const dies = async (world: World, step: string) => {
      const mortal = aMortal()
      mortal.dieAt(step)
      await world.sync({}, world.portsOf(mortal)).catch(() => undefined)
      mortal.release()
      expect(mortal.dead).to.equal(true)
      world.clock.advance(LEASE_OVER_MS)
    }

    it('before it sent them: presented 30 s later, and good', async () => {
      const world = await due()
      await dies(world, 'refresh-intended')
      await expectCode(world.sync(), 'upstream_outcome_unknown')
      world.clock.advance(AMBIGUOUS_MS)
      await world.sync()
      await expectConverged(world)
    })

    it('with the answer in its hands: presented once more, then given up and told', async () => {
      const world = await due()
      await dies(world, 'refresh-answered')
      world.clock.advance(AMBIGUOUS_MS)
      await expectCode(world.sync(), 'needs_reauth')
      expect(presented(world)).to.have.length(2)
      expect(notices(world)).to.have.length(1)
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
