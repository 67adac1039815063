import { AppError, epochMs, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { consume, expectConverged } from '../support/convergence.ts'
import { useDynamo } from '../support/dynamo.ts'
import { expectCode } from '../support/thrown.ts'
import { ago, aWorld, HOUR_MS, LEASE_OVER_MS, LOOKBACK_MS, VENDOR_DELAY_MS, type World } from '../support/world.ts'

const MINUTE_MS = 60_000

describe('sync of a person, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  const connected = async () => {
    const world = aWorld(dynamo)
    await world.connect()
    return world
  }
  const minutesOf = (world: World, count: number) =>
    Array.from({ length: count }, (_, i) => ago(world, (count - i) * MINUTE_MS))

  it('does not fetch or store what lies past retention, however far back somebody asks', async () => {
    const world = aWorld(dynamo)
    const now = world.clock.now()
    world.dexcom.add(...[1, 5, 40].map((days) => ago(world, days * 24 * HOUR_MS)))
    await world.connect()
    const range = { from: toInstant(now - 60 * 86_400_000), to: toInstant(now) }
    const { result } = await world.sync({ trigger: 'manual', range }, world.ports, 30)
    expect(result).to.include({ fetched: 2, stored: 2 })
    expect(await world.stored()).to.have.property('size', 2)
  })

  it('stores what Dexcom has, once, and tells it', async () => {
    const world = await connected()
    world.dexcom.add(...minutesOf(world, 3), ago(world, HOUR_MS, { type: 'calibration' }))
    const { result, unpublished } = await world.sync()
    expect(result).to.include({ fetched: 4, stored: 4, updated: 0, unchanged: 0, rejected: 0 })
    expect(unpublished).to.equal(false)
    await expectConverged(world)
    expect(consume(world).kinds).to.deep.equal(['created', 'created', 'created', 'created'])

    const written = world.readingWrites()
    const again = await world.sync({ trigger: 'manual' })
    expect(again.result).to.include({ fetched: 4, stored: 0, unchanged: 4 })
    expect(world.readingWrites()).to.equal(written).and.be.above(0)
    expect(world.publisher.ofKind('readings.changed')).to.have.length(1)
    expect(Object.fromEntries(world.counted)).to.include({
      'cgm stored': 3,
      'calibration stored': 1,
      'cgm unchanged': 3,
    })
  })

  it('takes over a changed record as the next revision, and tells it as one update', async () => {
    const world = await connected()
    const [first, second] = [ago(world, 5 * MINUTE_MS), ago(world, MINUTE_MS)]
    world.dexcom.add(first, second)
    await world.sync()
    world.dexcom.add({ ...first, glucose: first.glucose + 20 })
    const { result } = await world.sync()
    expect(result).to.include({ stored: 0, updated: 1, unchanged: 1 })
    await expectConverged(world)
    expect(consume(world).kinds).to.deep.equal(['created', 'created', 'updated'])
    expect([...(await world.stored()).values()].map(({ revision, sequence }) => [revision, sequence])).to.deep.equal([
      [2, 3],
      [1, 2],
    ])
  })

  it('finds what arrives late, behind newer readings and behind the last success', async () => {
    const world = await connected()
    world.dexcom.add(ago(world, MINUTE_MS))
    await world.sync()
    world.clock.advance(15 * MINUTE_MS)
    world.dexcom.add(ago(world, 24 * HOUR_MS), ago(world, MINUTE_MS))
    expect((await world.sync()).result).to.include({ stored: 2 })
    await expectConverged(world)
  })

  it('asks from one lookback behind the newest reading or the last success to now', async () => {
    const world = await connected()
    const newest = ago(world, 5 * HOUR_MS)
    world.dexcom.add(newest)
    await world.sync()
    world.clock.advance(15 * MINUTE_MS)
    const { result } = await world.sync()
    expect(epochMs(result.to)).to.equal(world.clock.now())
    expect(epochMs(result.from)).to.equal(epochMs(newest.timestamp) - LOOKBACK_MS)
    const state = await world.state()
    expect(state).to.include({ newestAt: newest.timestamp, lastSuccessAt: result.to, lastAttemptAt: result.to })
    expect(state.completeThrough).to.equal(toInstant(world.clock.now() - VENDOR_DELAY_MS))
  })

  it('catches up after an outage of months in windows that Dexcom takes, newest first', async () => {
    const world = await connected()
    world.dexcom.add(ago(world, MINUTE_MS))
    await world.sync()
    world.clock.advance(70 * 24 * HOUR_MS)
    world.dexcom.add(...[1, 20, 35, 50, 69].map((days) => ago(world, days * 24 * HOUR_MS)))
    const before = world.dexcom.asked.length
    expect((await world.sync()).result).to.include({ stored: 5, unchanged: 1 })
    await expectConverged(world)
    const windows = world.dexcom.asked
      .slice(before)
      .flatMap(({ type, window }) => (type === 'cgm' && window ? [window] : []))
    expect(windows.map(({ fromMs, toMs }) => Math.ceil((toMs - fromMs) / (24 * HOUR_MS)))).to.deep.equal([30, 30, 12])
    expect(windows[0]?.toMs).to.equal(world.clock.now())
  })

  it('asks for calibrations and fingersticks every six hours, and whenever a person asks', async () => {
    const world = await connected()
    const types = async (trigger: 'poll' | 'manual' | 'webhook') => {
      const before = world.dexcom.asked.length
      await world.sync({ trigger })
      return world.dexcom.asked.slice(before).length
    }
    expect(await types('poll')).to.equal(3)
    expect(await types('poll')).to.equal(1)
    expect(await types('webhook')).to.equal(1)
    expect(await types('manual')).to.equal(3)
    world.clock.advance(6 * HOUR_MS)
    world.dexcom.expireAccess()
    expect(await types('poll')).to.be.above(3)
  })

  it('leaves calibrations and fingersticks to a quieter time where many wait for a manual sync, and to no later one', async () => {
    const world = await connected()
    await world.sync()
    const typesOf = async (request: Parameters<World['sync']>[0]) => {
      world.dexcom.asked.length = 0
      await world.sync(request)
      return world.dexcom.asked.flatMap(({ type }) => type ?? [])
    }
    world.dexcom.beCrowded(true)
    expect(await typesOf({ trigger: 'manual' })).to.deep.equal(['cgm'])
    const range = { from: toInstant(world.clock.now() - HOUR_MS), to: toInstant(world.clock.now()) }
    expect(await typesOf({ trigger: 'manual', range }), 'a span is asked for as it is').to.have.length(3)
    world.clock.advance(6 * HOUR_MS)
    expect(await typesOf({ trigger: 'manual' }), 'due, and left').to.deep.equal(['cgm'])
    expect(await typesOf({ trigger: 'poll' }), 'so the next poll asks').to.have.length(3)
  })

  it('fetches a span that was asked for, and does not take it for a poll', async () => {
    const world = await connected()
    world.dexcom.add(ago(world, 300 * HOUR_MS), ago(world, MINUTE_MS))
    const range = {
      from: toInstant(world.clock.now() - 301 * HOUR_MS),
      to: toInstant(world.clock.now() - 299 * HOUR_MS),
    }
    expect((await world.sync({ trigger: 'manual', range })).result).to.include({ ...range, stored: 1 })
    expect(await world.state()).to.include({ lastSuccessAt: null, completeThrough: null, slowRecordsAt: null })
  })

  it('goes on where a person offers no calibrations and fingersticks, not where they offer no sensor readings', async () => {
    const world = await connected()
    world.dexcom.doNotOffer('calibration')
    world.dexcom.doNotOffer('manual')
    world.dexcom.add(ago(world, MINUTE_MS))
    expect((await world.sync()).result).to.include({ stored: 1 })
    await expectConverged(world)
    world.dexcom.doNotOffer('cgm')
    await expectCode(world.sync(), 'upstream_not_offered')
  })

  it('counts what was set aside', async () => {
    const world = await connected()
    world.dexcom.rejectPerPage(2)
    expect((await world.sync()).result).to.include({ fetched: 6, rejected: 6, stored: 0 })
    expect(world.counted.get('cgm rejected')).to.equal(2)
  })

  describe('does nothing', () => {
    it('while another run holds the person', async () => {
      const world = await connected()
      const asked = world.dexcom.asked.length
      await world.accounts.takeLease(world.userId, 'other', { ttlMs: 15_000, revive: false })
      await expectCode(world.sync(), 'lease_taken')
      expect(world.dexcom.asked).to.have.length(asked)
    })

    it('for a person who is not connected', async () => {
      const world = aWorld(dynamo)
      await expectCode(world.sync(), 'not_connected')
      expect(world.dexcom.asked).to.have.length(0)
    })

    it('with a page of another account', async () => {
      const world = await connected()
      world.dexcom.add(ago(world, MINUTE_MS))
      await world.sync()
      world.dexcom.add(ago(world, 0))
      world.dexcom.belongTo('somebody else')
      world.clock.advance(MINUTE_MS)
      await expectCode(world.sync(), 'wrong_account')
      expect(await world.stored()).to.have.property('size', 1)
      expect(await world.state()).to.include({ committedSequence: 1 })
      expect((await world.state()).lastSuccessAt).not.to.equal((await world.state()).lastAttemptAt)
    })

    it('more once its lease is over: what it fetched is not written', async () => {
      const world = await connected()
      world.dexcom.add(ago(world, MINUTE_MS))
      world.dexcom.beforeNext('fetchReadings', () => world.clock.advance(LEASE_OVER_MS))
      await expectCode(world.sync(), 'lease_lost')
      expect(await world.stored()).to.have.property('size', 0)
      await world.sync()
      await expectConverged(world)
    })
  })

  it('frozen in the middle and overtaken, spoils nothing', async () => {
    const world = await connected()
    world.dexcom.add(...minutesOf(world, 3))
    world.dexcom.beforeNext('fetchReadings', async () => {
      world.clock.advance(LEASE_OVER_MS)
      await world.sync()
      world.dexcom.add(ago(world, 0))
    })
    await expectCode(world.sync(), 'lease_lost')
    world.clock.advance(MINUTE_MS)
    await world.sync()
    await expectConverged(world)
  })

  it('that fails upstream moves nothing but the time of the attempt', async () => {
    const world = await connected()
    world.dexcom.add(ago(world, MINUTE_MS))
    await world.sync()
    const before = await world.state()
    world.clock.advance(HOUR_MS / 4)
    world.dexcom.failNext('fetchReadings', new AppError('upstream_rate_limited', 'slow down', { retryAfterMs: 3_000 }))
    const error = await expectCode(world.sync(), 'upstream_rate_limited')
    expect(error.retryAfterMs).to.equal(3_000)
    expect(await world.state()).to.deep.equal({ ...before, lastAttemptAt: toInstant(world.clock.now()) })
  })

  it('learns the account from the first page where connecting could not', async () => {
    const world = aWorld(dynamo)
    world.dexcom.failNext('dataRange', new AppError('upstream_unavailable', 'away'))
    await world.connect()
    expect(await world.connection()).to.have.property('dexcomUserId', null)
    await world.sync()
    expect(await world.connection()).to.have.property('dexcomUserId', 'dexcom-account')
  })
})
