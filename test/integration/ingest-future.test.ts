import { normaliseRecords } from '@bg-ingest/dexcom'
import type { Ports } from '@bg-ingest/ingest'
import { createReadingReader } from '@bg-ingest/store/read'
import { expect } from 'chai'
import { useDynamo } from '../support/dynamo.ts'
import { aWorld } from '../support/world.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

describe('a reading from the future, on DynamoDB', function () {
  this.timeout(30_000)
  const dynamo = useDynamo()

  it('is set aside until its time has come: never the latest before, stored then', async () => {
    const world = aWorld(dynamo)
    await world.connect()
    const reader = createReadingReader(dynamo.client(), dynamo.tables.readings, world.clock.now)
    const atMs = [-5 * MINUTE_MS, HOUR_MS].map((ms) => world.clock.now() + ms)
    const wireTime = (ms: number) => new Date(ms).toISOString().slice(0, 19)
    const records = atMs.map((ms, n) => ({
      recordId: `record-${n}`,
      systemTime: wireTime(ms),
      displayTime: wireTime(ms),
      value: 100 + n,
      unit: 'mg/dL',
      trend: 'flat',
      trendRate: 0,
      transmitterId: 'sensor',
      transmitterTicks: ms / 1000,
      displayDevice: 'iOS',
      transmitterGeneration: 'g7',
    }))
    const ports: Ports = {
      ...world.ports,
      dexcom: {
        ...world.dexcom,
        async fetchReadings(call, type, window) {
          const fetched = await world.dexcom.fetchReadings(call, type, window)
          if (type !== 'cgm') return fetched
          const { measurements, rejected } = normaliseRecords('cgm', records, world.clock.now())
          return { ...fetched, fetched: records.length, measurements, rejected }
        },
      },
    }
    expect((await world.sync({}, ports)).result).to.include({ stored: 1, rejected: 1 })
    expect(await reader.latest(world.userId)).to.include({ glucose: 100 })
    // What lies ten minutes ahead may be a clock that is wrong.
    world.clock.advance(HOUR_MS - 11 * MINUTE_MS)
    expect((await world.sync({}, ports)).result).to.include({ stored: 0, rejected: 1 })
    expect(await reader.latest(world.userId)).to.include({ glucose: 100 })
    world.clock.advance(11 * MINUTE_MS)
    expect((await world.sync({}, ports)).result).to.include({ stored: 1, rejected: 0 })
    expect(await reader.latest(world.userId)).to.include({ glucose: 101 })
  })
})
