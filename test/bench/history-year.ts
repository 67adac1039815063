/** `node --conditions=source test/bench/history-year.ts [days]`: imports a year of one person; prints time and memory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Measurement, toInstant } from '@bg-ingest/domain'
import { importHistory, type Ports } from '@bg-ingest/ingest'
import { startDynamodb } from '@bg-ingest/local-stack'
import { provision } from '@bg-ingest/store/provision'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'
import { freshTables, serverAt, type TestDynamo } from '../support/dynamo.ts'
import { ago, aWorld } from '../support/world.ts'

const CADENCE_MS = 300_000
const PER_DAY = 86_400_000 / CADENCE_MS
const days = Number(process.argv[2] ?? 365)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const megabytes = (bytes: number) => Math.round(bytes / 1e6)
const memory = () => {
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapMB: megabytes(heapUsed), rssMB: megabytes(rss) }
}

const dir = await mkdtemp(join(tmpdir(), 'bg-history-'))
const backend = await startDynamodb({ env: process.env, dir })
const tables = freshTables()
await provision({ server: serverAt(backend.url), tables, say: () => undefined })
const clients: ReturnType<typeof createDynamo>[] = []
const dynamo: TestDynamo = {
  endpoint: backend.url,
  tables,
  client(onUnits) {
    const client = createDynamo({
      ...serverAt(backend.url),
      ...WRITE_LIMITS,
      onUnits: (operation, kind, units) => onUnits?.({ operation, kind, units }),
    })
    clients.push(client)
    return client
  },
}
try {
  const world = aWorld(dynamo)
  const all: Measurement[] = Array.from({ length: days * PER_DAY }, (_, i) => ago(world, (i + 1) * CADENCE_MS))
  world.dexcom.add(...all)
  await world.connect()
  // The publisher of the tests remembers everything, which would be counted as the import's memory.
  const publisher: Ports['publisher'] = { publishInOrder: async (events) => events.length, state: () => 'connected' }
  const ports: Ports = { ...world.ports, publisher, pause: async (ms) => world.clock.advance(ms) }
  const options = { retentionDays: 0, stopping: () => false }
  const before = memory()
  const peak = { heapMB: 0, rssMB: 0 }
  const startedAt = performance.now()
  let windows = 0
  for (let more = true; more; windows += 1) {
    more = (await importHistory(ports, options, world.userId, world.never)).more
    const now = memory()
    peak.heapMB = Math.max(peak.heapMB, now.heapMB)
    peak.rssMB = Math.max(peak.rssMB, now.rssMB)
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  const { history, committedSequence } = await world.state()
  const result = { readings: history.readings, state: history.state, committedSequence, windows, seconds }
  console.log(
    JSON.stringify({
      ...result,
      span: toInstant(world.clock.now()),
      before,
      peakBetweenWindows: peak,
      after: memory(),
    }),
  )
  if (history.state !== 'complete' || history.readings !== all.length) process.exitCode = 1
} finally {
  for (const client of clients) client.destroy()
  await backend.stop()
  await rm(dir, { recursive: true, force: true })
}
