import { randomUUID } from 'node:crypto'
import { createGates, type GateState } from '@bg-ingest/dexcom'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { type Flows, flowsOverHttp } from '../support/flows-over-http.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { thrownBy } from '../support/thrown.ts'
import { until } from '../support/until.ts'
import { HOUR_MS } from '../support/world.ts'

/** A call each 4.5 ms: the budget of these tests. */
const PER_HOUR = 1_000_000
const REGION = 'default'

describe('calls that Dexcom limits, through flow, store, wire and the gates of two processes', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()
  let redis: LocalRedis
  let flows: Flows
  let closers: (() => Promise<unknown>)[] = []
  before(async () => {
    redis = await startRedis()
  })
  after(() => redis.stop())
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** Two processes of one fleet, each with a gate and a client of its own, and the seconds that each says it pauses. */
  async function fleet() {
    const prefix = `bg-${randomUUID()}:`
    const paused = [0, 0]
    const gates = [0, 1].map((process) =>
      createGates({
        redisUrl: redis.url,
        regions: [REGION],
        perHour: PER_HOUR,
        prefix,
        onRedisError: () => undefined,
        onState: (_region, state: GateState) => {
          paused[process] = state.pausedSeconds
        },
      }),
    )
    const [first, second] = gates
    if (!first || !second) throw new Error('two of them')
    closers = gates.map((gate) => () => gate.stop())
    flows = await flowsOverHttp(dynamo, { gates: first })
    // What is refused with 429 has spent nothing, so its token is shown again.
    closers.push(() => flows.stop({ presentationsOfAToken: 2 }))
    await flows.connect()
    const other = { ...flows.ports, dexcom: flows.client({ gates: second }) }
    return { ...flows, other, paused }
  }

  for (const [shape, retryAfter, least, most] of [
    ['no Retry-After', undefined, 55, 60],
    ['Retry-After in seconds', 90, 85, 90],
    ['Retry-After as a date', 'a date', 114, 120],
    ['an absurd Retry-After in digits', 1_000_000_000, 890, 900],
    ['an absurd Retry-After in words', '1e9', 55, 60],
    ['Retry-After 0', 0, 0, 1],
    ['Retry-After -1', '-1', 55, 60],
  ] as const)
    it(`F3, trap 14: 429 with ${shape} stops every process for ${least} to ${most} s`, async () => {
      const { fault, sync, other, calls, paused } = await fleet()
      const date = new Date(flows.world.clock.now() + 120_000).toUTCString()
      const header = retryAfter === 'a date' ? date : retryAfter
      await fault({ endpoint: 'egvs', count: 1, status: 429, ...(header === undefined ? {} : { retryAfter: header }) })
      const refused = await thrownBy(sync())
      expect(refused.code).to.equal('upstream_rate_limited')
      if (most > 2) {
        const before = [calls('egvs'), calls('token'), calls('dataRange')]
        for (const process of [undefined, other, other]) {
          const { code, retryAfterMs } = await thrownBy(sync(process))
          expect(code).to.equal('upstream_rate_limited')
          expect(Number(retryAfterMs) / 1000).to.be.within(least, most)
        }
        expect([calls('egvs'), calls('token'), calls('dataRange')], 'nobody calls').to.deep.equal(before)
        await until('both say so', () => paused.every((seconds) => seconds >= least - 5), 5_000)
      } else {
        await sync(other)
        await flows.expectTruth()
      }
    })

  it('F3: once Retry-After is over all go on, and nothing is lost', async () => {
    const { at, fault, sync, other, calls, expectTruth } = await fleet()
    await fault({ endpoint: 'egvs', count: 1, status: 429, retryAfter: 3 })
    const startedAt = performance.now()
    await thrownBy(sync())
    expect((await thrownBy(sync(other))).code).to.equal('upstream_rate_limited')
    expect(calls('egvs')).to.equal(1)
    await until(
      'the pause is over',
      () =>
        sync(other).then(
          () => true,
          () => false,
        ),
      8_000,
    )
    expect(performance.now() - startedAt).to.be.above(950)
    expect(at.simulator.journal.list({ endpoint: 'egvs' }).filter(({ status }) => status === 429)).to.have.length(1)
    await expectTruth()
  })

  it('F3, G7, trap 3: 429 on a refresh keeps the token, and stops the pages too', async () => {
    const { world, fault, sync, other, go, calls } = await fleet()
    go(2 * HOUR_MS)
    await fault({ endpoint: 'token', count: 1, status: 429, retryAfter: 60 })
    expect((await thrownBy(sync())).code).to.equal('upstream_rate_limited')
    expect((await thrownBy(sync(other))).code).to.equal('upstream_rate_limited')
    expect([calls('token'), calls('egvs')]).to.deep.equal([2, 0])
    expect(await world.connection()).to.include({ status: 'connected' })
    expect((await world.connection())?.tokens).to.include({ version: 1, presentations: 0 })
  })
})
