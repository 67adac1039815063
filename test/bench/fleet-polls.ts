/**
 * `node --conditions=source test/bench/fleet-polls.ts [people] [seconds]`: what one real worker polls in a second, against
 * the simulator, DynamoDB Local, RabbitMQ and Redis, all on this machine, and what a poll costs. Needs a build and the
 * variables that `node packages/local-stack/dist/main.js` prints. Prints one line of JSON for polls without news and one
 * for polls of which each brings about one reading. More polls are due than a worker manages that shares its processors
 * with all of these, so what it does in a second of its own processor time is what another machine can be reckoned by.
 */
import { readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { metric } from '../support/e2e-metrics.ts'
import { startSystem } from '../support/e2e-system.ts'
import { connectAll, quietUsers } from '../support/fleet-watch.ts'

const people = Number(process.argv[2] ?? 40)
const seconds = Number(process.argv[3] ?? 20)
/** A reading every five minutes; at this speed one a second, which is the pace of the polls. */
const ONE_READING_A_SECOND = 300
/** What is compiled by now is measured; the first polls cost several times as much. */
const WARM_UP_MS = 10_000
/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100

const names = Array.from({ length: people }, (_, i) => `bench-${i}`)
const system = await startSystem({
  workers: 1,
  variables: { POLL_INTERVAL_SECONDS: '1', WORKER_CONCURRENCY: '50' },
  simulator: { users: quietUsers(names) },
})
const [worker] = system.workers
if (!worker) throw new Error('no worker')

/** Processor seconds that the worker has used so far. */
async function processorSeconds(): Promise<number> {
  const fields = (await readFile(`/proc/${worker?.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

const SERIES = {
  polls: 'bg_sync_total{trigger="poll",outcome="completed"}',
  stored: 'bg_readings_total{type="cgm",result="stored"}',
} as const

async function units(kind: 'read' | 'write'): Promise<number> {
  const text = await (await fetch(`${worker?.url}/metrics`)).text()
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('bg_dynamodb_consumed_units_total{') && line.includes(kind))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function look() {
  if (!worker) throw new Error('no worker')
  const [polls, stored, reads, writes, processor] = await Promise.all([
    metric(worker, SERIES.polls),
    metric(worker, SERIES.stored),
    units('read'),
    units('write'),
    processorSeconds(),
  ])
  return { at: performance.now(), polls, stored, reads, writes, processor }
}

async function measure(what: string): Promise<void> {
  const before = await look()
  await sleep(seconds * 1_000)
  const after = await look()
  const took = (after.at - before.at) / 1_000
  const polls = after.polls - before.polls
  const round = (value: number) => Math.round(value * 100) / 100
  console.log(
    JSON.stringify({
      what,
      people,
      load: round(loadavg()[0] ?? 0),
      pollsPerSecond: round(polls / took),
      readingsPerPoll: round((after.stored - before.stored) / polls),
      processorShare: round((after.processor - before.processor) / took),
      pollsPerProcessorSecond: round(polls / (after.processor - before.processor)),
      readUnitsPerPoll: round((after.reads - before.reads) / polls),
      writeUnitsPerPoll: round((after.writes - before.writes) / polls),
    }),
  )
}

try {
  await connectAll(system, names)
  await sleep(WARM_UP_MS)
  await measure('polls without news')
  await system.sim('POST', 'clock', { speed: ONE_READING_A_SECOND })
  await sleep(WARM_UP_MS)
  await measure('polls with news')
  await system.sim('POST', 'clock', { speed: 0 })
  const { Table } = await system.dynamo.send(new DescribeTableCommand({ TableName: system.variables.DYNAMODB_TABLE }))
  console.log(JSON.stringify({ what: 'readings table', items: Table?.ItemCount, bytes: Table?.TableSizeBytes }))
} finally {
  await system.stop()
}
