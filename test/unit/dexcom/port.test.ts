import { normaliseRecords } from '@bg-ingest/dexcom'
import { createNoBroker, createPublisher } from '@bg-ingest/events'
import type { Dexcom, Publisher } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { aClient } from './a-client.ts'
import { NOW_MS } from './wire.ts'

describe('ports of the flows', () => {
  it('are matched by the adapters, which the compiler checks', async () => {
    const dexcom: Dexcom = aClient('http://127.0.0.1:1').client
    const away = createPublisher({ url: 'amqp://127.0.0.1:1' })
    const publishers: Publisher[] = [createNoBroker(), away]
    expect(dexcom).to.include.keys('fetchReadings', 'dataRange', 'readPushed', 'exchangeCode', 'refresh')
    for (const publisher of publishers) expect(await publisher.publishInOrder([])).to.equal(0)
    await away.close()
  })

  it('count rejections by plain text', () => {
    const rejected: ReadonlyMap<string, number> = normaliseRecords('cgm', [], NOW_MS).rejected
    expect(rejected.size).to.equal(0)
  })
})
