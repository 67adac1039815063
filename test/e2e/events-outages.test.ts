import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { untilHistoryIs } from '../support/e2e-system.ts'
import { type EventsStage, startEventsStage, untilBrokerIs } from '../support/events-stage.ts'
import { until } from '../support/until.ts'

/** Syncs of each person that find the broker away: as many as ten minutes bring to forty people. */
const ROUNDS = 20
/** What waits lies in DynamoDB. A young heap takes 30 MB here; it was flat from the 60th round to the 100th (355 MB). */
const GROWTH_MB = 80

describe('Events while the broker', function () {
  // Calls of rabbitmqctl take a second each, and ten on a machine that is busy.
  this.timeout(150_000)
  let stage: EventsStage
  let people: PersonClient[]

  before(async function () {
    this.timeout(120_000)
    stage = await startEventsStage({
      accounts: ['anna', 'ben', 'carla', 'dan', 'long'],
      name: 'out',
      withBroker: false,
    })
  })
  after(async function () {
    this.timeout(30_000)
    await stage?.stop()
  })

  const committed = async ({ call }: PersonClient) => (await call('GET', '/changes?limit=1')).json.latestSequence

  /** Of all people together. A sensor may have a gap: not every sync finds something. */
  const storedOf = async (them: readonly PersonClient[]): Promise<number> => {
    const sequences: number[] = await Promise.all(them.map(committed))
    return sequences.reduce((sum, sequence) => sum + sequence, 0)
  }

  it('is away when the worker starts: everything is stored, and told once it comes', async () => {
    people = await Promise.all(['anna', 'ben', 'carla'].map((name) => stage.connect(name)))
    expect(await stage.brokerState()).to.equal('degraded')
    await stage.more(people)
    await until('what waits is counted', async () => (await stage.outboxPending()) >= people.length)
    expect(await stage.told('confirmed')).to.equal(0)
    await stage.startBroker()
    await stage.openOracle()
    await stage.expectEverything(people)
    await until('nothing waits', async () => (await stage.outboxPending()) === 0)
    expect(stage.oracle.gaps).to.deep.equal([])
  })

  it('is well, tells each change once', async () => {
    const before = stage.oracle.repeats
    for (let i = 0; i < 3; i += 1) await stage.more(people)
    await stage.expectEverything(people)
    expect(stage.oracle.repeats - before).to.equal(0)
    expect(await stage.told('timeout')).to.equal(0)
  })

  it(`is under a memory alarm for ${ROUNDS} syncs each, ten minutes of forty people, go on being stored, in flat memory, and are told after it`, async () => {
    await stage.control('set_vm_memory_high_watermark', 'absolute', '1MB')
    try {
      // Its first message tells the worker of the alarm.
      await stage.more(people)
      await untilBrokerIs(stage, 'degraded')
      const before = await stage.residentMb()
      const storedBefore = await storedOf(people)
      for (let i = 0; i < ROUNDS; i += 1) await stage.more(people, 1)
      expect((await stage.residentMb()) - before).to.be.below(GROWTH_MB)
      // A sync counts what waits when it ends, which is behind its commit.
      const stored = (await storedOf(people)) - storedBefore
      expect(stored).to.be.at.least(ROUNDS)
      await until('all of it waits', async () => (await stage.outboxPending()) >= stored, 10_000)
      const [anna] = people
      if (anna) expect(await committed(anna)).to.be.above(stage.oracle.position(anna.userId))
    } finally {
      await stage.control('set_vm_memory_high_watermark', '0.4')
    }
    await stage.expectEverything(people)
  })

  it('is frozen beyond the wait for a confirm, are told once all the same', async () => {
    const before = stage.oracle.repeats
    process.kill(-stage.broker.pid, 'SIGSTOP')
    try {
      await stage.more(people)
      expect(await stage.told('timeout')).to.be.above(0)
    } finally {
      process.kill(-stage.broker.pid, 'SIGCONT')
    }
    await stage.expectEverything(people)
    // What the frozen broker had in its socket it took after all, and the worker knows that by the late confirm.
    expect(stage.oracle.repeats - before).to.equal(0)
  })

  it('falls silent without a word, connect anew after two missed heartbeats', async () => {
    const connections = stage.proxy.connections()
    stage.proxy.halfOpen()
    await until('a new connection', () => stage.proxy.connections() > connections, 15_000)
    await untilBrokerIs(stage, 'connected')
    await stage.more(people)
    await stage.expectEverything(people)
  })

  it('closes every connection, connect anew', async () => {
    const connections = stage.proxy.connections()
    await stage.control('close_all_connections', 'drill')
    await until('a new connection', () => stage.proxy.connections() > connections)
    await stage.more(people)
    await stage.expectEverything(people)
  })

  it('is killed in the midst of an import, and those of somebody whom nobody polls any more: lose nothing', async () => {
    const [, , carla, dan] = [...people, await stage.connect('dan')]
    if (!carla || !dan) throw new Error('nobody is connected')
    await stage.expectEverything([dan])
    const before = await stage.told('confirmed')
    const long = await stage.connect('long', false)
    await until('the import is being told', async () => (await stage.told('confirmed')) > before, 20_000)
    await stage.killBroker()
    await untilBrokerIs(stage, 'degraded')
    await stage.more([dan, carla])
    await dan.call('DELETE', '/connection')
    await until('dan is disconnected', async () => (await dan.connection()).status === 'disconnected')
    // Redis holds only what can be rebuilt: the jobs that would have told it are gone.
    const redis = new Redis(stage.system.variables.REDIS_URL ?? '')
    await redis.flushdb()
    redis.disconnect()
    await stage.startBroker()
    await untilBrokerIs(stage, 'connected')
    await stage.expectEverything([...people, dan])
    await stage.more([long], 0)
    await untilHistoryIs('complete', long)
    await stage.expectEverything([long])
    await until('nothing waits', async () => (await stage.outboxPending()) === 0)
  })
})
