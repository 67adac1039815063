import { Agent, request } from 'node:http'
import { createDynamo, createReadingWriter, WRITE_LIMITS } from '@bg-ingest/store/write'
import { aStoredReading } from '../support/build.ts'
import { serverAt } from '../support/dynamo.ts'
import { leastCpu } from './least-cpu.ts'
import { startNullStore } from './null-store.ts'
import type { QuickRatio } from './quick-ratio.ts'

const READINGS = 200

/** Readings written in batches by the product's client, of bare HTTP: what an upgrade of the SDK may spoil. */
export async function quickStore(): Promise<readonly QuickRatio[]> {
  const store = await startNullStore()
  const dynamo = createDynamo({ ...serverAt(store.url), ...WRITE_LIMITS })
  const writer = createReadingWriter(dynamo, { table: 'readings', retentionDays: 0, now: Date.now })
  const readings = Array.from({ length: READINGS }, () => aStoredReading())
  const agent = new Agent({ keepAlive: true })
  const body = JSON.stringify({ RequestItems: { readings: readings.slice(0, 25) } })
  try {
    const { bare, written } = await leastCpu(
      {
        bare: () => post(store.url, agent, body),
        written: () => writer.writeAbsent({ id: 'bench', fence: 1 }, readings, () => undefined),
      },
      { rounds: 60, times: 4 },
    )
    return [{ name: '200 readings written, of one bare post', ratio: written / bare, was: 33 }]
  } finally {
    agent.destroy()
    dynamo.destroy()
    store.close()
  }
}

function post(url: string, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-amz-target': 'DynamoDB_20120810.BatchWriteItem' }
    const sent = request(url, { method: 'POST', agent, headers }, (res) => {
      res.resume()
      res.once('end', resolve)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
