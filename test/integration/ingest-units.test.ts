import { importHistory, type Ports, type SeenDigests } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { consume } from '../support/convergence.ts'
import { type TestDynamo, type Units, useDynamo } from '../support/dynamo.ts'
import { someDigests } from '../support/some-digests.ts'
import { ago, aWorld, HOUR_MS } from '../support/world.ts'

const MINUTE_MS = 60_000
/** What a sensor measures in a day. */
const DAY_OF_READINGS = 288

describe('what polls and imports cost, in DynamoDB’s own units', function () {
  this.timeout(60_000)
  const dynamo = useDynamo()
  const figures: string[] = []
  after(() => {
    for (const figure of figures) process.stdout.write(`      ${figure}\n`)
  })

  /** A person with a day of readings, polled; counts units by table from then on. */
  async function setUp({ digests, readings = DAY_OF_READINGS }: { digests?: SeenDigests; readings?: number } = {}) {
    const used = { accounts: [] as Units[], readings: [] as Units[] }
    const tables = [used.accounts, used.readings]
    const counted: TestDynamo = {
      ...dynamo,
      tables: dynamo.tables,
      client: (onUnits) => {
        // The world opens the accounts' client first, then the readings'.
        const table = tables.shift()
        return dynamo.client((units) => {
          table?.push(units)
          onUnits?.(units)
        })
      },
    }
    const world = aWorld(counted)
    const ports: Ports = digests ? { ...world.ports, digests } : world.ports
    await world.connect()
    world.dexcom.add(...Array.from({ length: readings }, (_, i) => ago(world, (i + 1) * 5 * MINUTE_MS)))
    const poll = async () => {
      world.clock.advance(MINUTE_MS)
      used.accounts.length = 0
      used.readings.length = 0
      const { result } = await world.sync({}, ports)
      const sum = (all: readonly Units[], kind: Units['kind']) =>
        all.filter((one) => one.kind === kind).reduce((total, { units }) => total + units, 0)
      return {
        result,
        writesAccounts: sum(used.accounts, 'write'),
        writesReadings: sum(used.readings, 'write'),
        reads: sum(used.accounts, 'read') + sum(used.readings, 'read'),
      }
    }
    const note = (what: string, { writesAccounts, writesReadings, reads }: Awaited<ReturnType<typeof poll>>) =>
      figures.push(`${what}: ${writesAccounts + writesReadings} write units, ${reads} read units`)
    return { world, ports, used, poll, note }
  }

  it('a poll without news: nothing is written but the lease, and next to nothing is read', async () => {
    const { poll, note } = await setUp({ digests: someDigests() })
    await poll()
    const cost = await poll()
    note('poll without news, 288 readings in the window, with digest', cost)
    expect(cost.result).to.include({ unchanged: DAY_OF_READINGS, stored: 0 })
    expect(cost.writesReadings).to.equal(0)
    expect(cost.writesAccounts).to.be.at.most(2)
    expect(cost.reads).to.be.at.most(4)
  })

  it('a poll with three new readings', async () => {
    const { world, poll, note } = await setUp({ digests: someDigests() })
    await poll()
    world.clock.advance(16 * MINUTE_MS)
    world.dexcom.add(...[1, 6, 11].map((minutes) => ago(world, minutes * MINUTE_MS)))
    const cost = await poll()
    note('poll with 3 new readings, with digest', cost)
    expect(cost.result).to.include({ stored: 3 })
    expect(cost.writesAccounts + cost.writesReadings).to.be.at.most(6)
    expect(cost.reads).to.be.at.most(12)
    expect(consume(world).readings.size).to.equal(DAY_OF_READINGS + 3)
  })

  it('the same without a digest reads its window once, and is no less right', async () => {
    const { world, poll, note } = await setUp()
    await poll()
    const idle = await poll()
    note('poll without news, without digest', idle)
    world.clock.advance(16 * MINUTE_MS)
    world.dexcom.add(...[1, 6, 11].map((minutes) => ago(world, minutes * MINUTE_MS)))
    const cost = await poll()
    note('poll with 3 new readings, without digest', cost)
    expect(cost.result).to.include({ stored: 3, unchanged: DAY_OF_READINGS })
    expect(cost.writesAccounts + cost.writesReadings).to.be.at.most(6)
    // 291 items of some 400 bytes at 4 KB a unit.
    expect(cost.reads).to.be.at.most(40)
  })

  it('finds what changed, what came late and what was changed by others, with a digest too', async () => {
    const { world, ports, poll } = await setUp({ digests: someDigests() })
    await poll()
    const known = world.dexcom.records()[100] ?? expect.fail()
    world.dexcom.add({ ...known, glucose: known.glucose + 7 }, ago(world, 20 * HOUR_MS + 1_000))
    const changed = await poll()
    expect(changed.result).to.include({ stored: 1, updated: 1 })
    expect(changed.reads).to.be.at.most(12)
    // Somebody else stores a change, and Dexcom takes it back: the digest of the last poll no longer counts.
    world.dexcom.add({ ...known, glucose: known.glucose + 9 })
    await world.sync({ trigger: 'manual' }, { ...ports, digests: someDigests() })
    world.dexcom.add({ ...known, glucose: known.glucose + 7 })
    expect((await poll()).result).to.include({ updated: 1 })
    // And likewise where digests cannot be read or written.
    const away = () => Promise.reject(new Error('Redis is away'))
    world.dexcom.add({ ...known, glucose: known.glucose + 11 })
    const without = { ...ports, digests: { ...someDigests(), read: away, write: away } }
    expect((await world.sync({}, without)).result).to.include({ updated: 1 })
  })

  it('a window of history, a reading', async () => {
    const count = 3_000
    const { world, ports, used } = await setUp({ readings: count })
    used.accounts.length = 0
    used.readings.length = 0
    const options = { retentionDays: 0, stopping: () => false }
    while ((await importHistory(ports, options, world.userId, world.never)).more);
    const writes = [...used.accounts, ...used.readings].filter(({ kind }) => kind === 'write')
    const each = writes.reduce((sum, { units }) => sum + units, 0) / count
    figures.push(`history: ${each.toFixed(3)} write units a reading`)
    expect((await world.stored()).size).to.equal(count)
    expect(each).to.be.at.most(1.1)
  })
})
