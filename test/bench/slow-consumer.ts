import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublisher, type EventPublisher } from '@bg-ingest/events'
import { startRabbitmq } from '@bg-ingest/local-stack'
import { connect } from 'amqplib'
import { until } from '../support/until.ts'
import { someEvents } from '../unit/events/some-events.ts'
import { type Bench, type BenchOptions, type BenchResult, median } from './result.ts'

const EXCHANGE = 'bg.events'
const BASE = 'nothing waits'
/** Messages that nobody takes while confirms are measured. */
const BACKLOGS = [0, 100_000, 1_000_000]
const BATCH = 5_000
const SERIAL = 300

interface Sample {
  readonly ms: number
  readonly cpuUs: number
}

/** Whether a consumer that takes nothing slows down who tells (promises.md E9): confirms beside a million messages. */
export const slowConsumer: Bench = {
  summary: 'confirms one at a time while 0, 100,000 and a million messages wait in the queue of a consumer',
  async run({ rounds }: BenchOptions) {
    const dir = await mkdtemp(join(tmpdir(), 'bg-bench-slow-'))
    const broker = await startRabbitmq({ env: process.env, dir })
    const states: string[] = []
    const publisher = createPublisher({ url: broker.url, exchange: EXCHANGE, onState: (state) => states.push(state) })
    const model = await connect(broker.url)
    try {
      await until('connected', () => publisher.state() === 'connected', 15_000)
      const channel = await model.createChannel()
      const { queue } = await channel.assertQueue('slow', { durable: true })
      await channel.bindQueue(queue, EXCHANGE, '#')
      const taken: (readonly [string, readonly Sample[]])[] = []
      let waits = 0
      for (const backlog of BACKLOGS) {
        for (; waits < backlog; waits += BATCH) await expectTaken(publisher, BATCH)
        const samples: Sample[] = []
        for (let round = 0; round < rounds; round += 1) samples.push(await serial(publisher))
        taken.push([backlog === 0 ? BASE : `${backlog} wait`, samples])
      }
      const { messageCount } = await channel.checkQueue(queue)
      if (messageCount < (BACKLOGS.at(-1) ?? 0)) throw new Error(`only ${messageCount} messages wait`)
      console.log(`${messageCount} messages wait; the broker was ${states.join(', then ')}`)
      return resultsOf(taken)
    } finally {
      await publisher.close()
      await model.close()
      await broker.stop()
      await rm(dir, { recursive: true, force: true })
    }
  },
}

async function expectTaken(publisher: EventPublisher, count: number): Promise<void> {
  const taken = await publisher.publishInOrder(someEvents(count))
  if (taken !== count) throw new Error(`the broker took ${taken} of ${count}: it is ${publisher.state()}`)
}

async function serial(publisher: EventPublisher): Promise<Sample> {
  const events = someEvents(SERIAL)
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
  for (const event of events) if ((await publisher.publishInOrder([event])) !== 1) throw new Error('not taken')
  const { user, system } = process.cpuUsage(cpu)
  return { ms: performance.now() - startedAt, cpuUs: (user + system) / SERIAL }
}

function resultsOf(taken: readonly (readonly [string, readonly Sample[]])[]): readonly BenchResult[] {
  const base = median((taken[0]?.[1] ?? []).map(({ cpuUs }) => cpuUs))
  return taken.map(([name, samples]) => {
    const costs = samples.map(({ cpuUs }) => cpuUs)
    return {
      name: `${name}: ${(median(samples.map(({ ms }) => ms)) / SERIAL).toFixed(2)} ms a confirm`,
      cpuUs: median(costs),
      spread: [Math.min(...costs), Math.max(...costs)],
      ratio: median(costs) / base,
      base: BASE,
      n: SERIAL * samples.length,
    }
  })
}
