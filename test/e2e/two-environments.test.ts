import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { aPerson, type System, startSystem, untilHistoryIs } from '../support/e2e-system.ts'
import { heldOf, unlikeTruth } from '../support/held-truth.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const NAMES = ['blue', 'green'] as const

describe('Two environments in one database of one Redis, told apart by REDIS_PREFIX', function () {
  this.timeout(60_000)
  let redis: LocalRedis
  let inside: Redis
  const systems: System[] = []
  const people: PersonClient[] = []

  /** The same id on both sides: nothing else would show that one side takes what is the other's. */
  const userId = aPerson('both')
  /** What begins the names; Bottleneck puts `b_` before its own. */
  const beginnings = (names: readonly string[]) => new Set(names.map((name) => name.replace(/^b_/, '').split(':')[0]))
  const side = (name: (typeof NAMES)[number]) => {
    const i = NAMES.indexOf(name)
    const [system, person] = [systems[i], people[i]]
    if (!system || !person) throw new Error('not started')
    const sync = async (prefer: string) => (await person.call('POST', '/sync', { headers: { prefer } })).json
    const job = (jobId: string) => person.call('GET', `/sync/${jobId}`)
    return { ...system, person, sync, job }
  }

  before(async () => {
    redis = await startRedis()
    inside = new Redis(redis.url)
    const simulator = { users: [{ name: 'ann', kind: 'generated', profile: 'quiet', historyDays: 1 }] } as const
    for (const name of NAMES) {
      const variables = { REDIS_URL: redis.url, REDIS_PREFIX: name }
      const system = await startSystem({ name, workers: 1, simulator, variables })
      systems.push(system)
      // An API that has just come up on a busy machine may turn somebody away (503).
      const connected = () =>
        system.connect(userId, 'ann').then(
          (person) => people.push(person) > 0,
          () => false,
        )
      await until(`a person is connected to ${name}`, connected, 30_000)
    }
    await Promise.all(people.map((one) => untilHistoryIs('complete', one)))
  })
  after(async () => {
    await Promise.all(systems.map((system) => system.stop()))
    inside?.disconnect()
    await redis?.stop()
  })

  it('leave no key and open no channel that is not named for one of them', async () => {
    expect(beginnings(await inside.keys('*'))).to.deep.equal(new Set(NAMES))
    expect(beginnings((await inside.pubsub('CHANNELS', '*')) as string[])).to.deep.equal(new Set(NAMES))
  })

  it("do not know each other's jobs", async () => {
    const { jobId, status } = await side('blue').sync('wait=20')
    expect(status).to.equal('completed')
    expect((await side('blue').job(jobId)).status).to.equal(200)
    expect((await side('green').job(jobId)).status).to.equal(404)
  })

  it("do not work off each other's jobs, and each has what its own Dexcom has", async () => {
    const [worker] = side('blue').workers
    worker?.kill('SIGTERM')
    await worker?.exited()
    const { jobId } = await side('blue').sync('wait=0')
    const statusNow = async () => (await side('blue').job(jobId)).json.status
    expect((await side('green').sync('wait=20')).status).to.equal('completed')
    expect(await statusNow()).to.equal('queued')
    await side('blue').startWorker()
    await until('its own worker has taken it', async () => (await statusNow()) === 'completed', 30_000)
    for (const name of NAMES) {
      const { person, sim } = side(name)
      expect(unlikeTruth(heldOf(await person.everyReading()), await sim('GET', 'truth?user=ann'))).to.deep.equal([])
    }
  })

  it('erase a person from one and leave the other as it was', async () => {
    expect((await side('blue').person.call('DELETE', '/connection?erase=true')).status).to.equal(202)
    const ofBlue = async () => (await side('blue').person.connection()).status
    await until('it is forgotten on one side', async () => (await ofBlue()) === 'disconnected')
    expect((await side('green').person.connection()).status).to.equal('connected')
    expect((await side('green').person.call('GET', '/latest')).status).to.equal(200)
  })
})
