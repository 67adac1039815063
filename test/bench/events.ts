import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChangeRange, type StoredReading, toInstant, toRanges, type UserId } from '@bg-ingest/domain'
import { createPublisher, type EventPublisher } from '@bg-ingest/events'
import type { Ports } from '@bg-ingest/ingest'
import { startRabbitmq } from '@bg-ingest/local-stack'
import { type ChannelModel, connect } from 'amqplib'
import { aStoredReading, aUserId } from '../support/build.ts'
import { until } from '../support/until.ts'
import { someEvents } from '../unit/events/some-events.ts'
import { drainAll, openStoredBacklog, type StoredBacklog } from './events-drain.ts'
import { type Bench, type BenchOptions, type BenchResult, median } from './result.ts'

const EXCHANGE = 'bg.events'
const BASE = 'amqplib alone'
const SERIAL = 300
const PIPELINED = 5_000
const PEOPLE = 50
const RANGES_EACH = 20
const CHANGES_EACH = 20

interface Sample {
  readonly ops: number
  readonly ms: number
  readonly cpuUs: number
}

interface Variant {
  readonly name: string
  readonly run: () => Promise<number>
  /** Before the clock runs. */
  readonly prepare?: () => Promise<void>
}

/** What telling costs: confirms one at a time and pipelined, and a backlog after an outage, against amqplib alone. */
export const events: Bench = {
  summary: 'confirms per second one at a time and pipelined, and a backlog drained after an outage',
  async run({ rounds }: BenchOptions) {
    const dir = await mkdtemp(join(tmpdir(), 'bg-bench-events-'))
    const broker = await startRabbitmq({ env: process.env, dir })
    const model = await connect(broker.url)
    const publisher = createPublisher({ url: broker.url, exchange: EXCHANGE })
    const stored = await openStoredBacklog(publisher)
    try {
      await until('connected', () => publisher.state() === 'connected', 15_000)
      const queue = await aQueue(model)
      const variants = variantsOf(model, publisher, stored)
      const taken = new Map(variants.map(({ name }) => [name, [] as Sample[]]))
      for (let round = 0; round < rounds; round += 1)
        for (const { name, run, prepare } of variants) {
          await prepare?.()
          taken.get(name)?.push(await measured(run))
          await queue.purge()
        }
      return resultsOf(taken)
    } finally {
      await publisher.close()
      await stored.close()
      await model.close()
      await broker.stop()
      await rm(dir, { recursive: true, force: true })
    }
  },
}

async function aQueue(model: ChannelModel) {
  const channel = await model.createChannel()
  const { queue } = await channel.assertQueue('bench', { durable: true })
  await channel.bindQueue(queue, EXCHANGE, '#')
  return { purge: () => channel.purgeQueue(queue) }
}

function variantsOf(model: ChannelModel, publisher: EventPublisher, stored: StoredBacklog): readonly Variant[] {
  return [
    {
      name: BASE,
      async run() {
        const channel = await model.createConfirmChannel()
        const bodies = someEvents(PIPELINED).map(({ event }) => Buffer.from(JSON.stringify(event)))
        for (const body of bodies) channel.publish(EXCHANGE, 'readings.changed', body, { persistent: true })
        await channel.waitForConfirms()
        await channel.close()
        return PIPELINED
      },
    },
    {
      name: 'one at a time',
      async run() {
        for (const event of someEvents(SERIAL)) await publisher.publishInOrder([event])
        return SERIAL
      },
    },
    { name: 'pipelined', run: () => publisher.publishInOrder(someEvents(PIPELINED)) },
    { name: 'backlog in memory, in messages', run: () => drain(publisher) },
    { name: stored.name, run: stored.drain, prepare: stored.rewind },
  ]
}

/** Tells what waits of many people, a few at a time, over tables in memory: what the worker and the broker can do. */
async function drain(publisher: EventPublisher): Promise<number> {
  const people = Array.from({ length: PEOPLE }, () => backlogOf(aUserId('bench'), publisher))
  await drainAll(people)
  return PEOPLE * RANGES_EACH
}

function backlogOf(userId: UserId, publisher: EventPublisher): { readonly userId: UserId; readonly ports: Ports } {
  const stored = new Map<string, StoredReading>()
  const ranges: ChangeRange[] = []
  for (let range = 0; range < RANGES_EACH; range += 1) {
    const changes = Array.from({ length: CHANGES_EACH }, (_, i) => {
      const sequence = range * CHANGES_EACH + i + 1
      stored.set(`k${sequence}`, aStoredReading({ userId, sequence }))
      return { sequence, kind: 'created', key: `k${sequence}` } as ChangeRange['changes'][number]
    })
    ranges.push(...toRanges(changes, toInstant(0)))
  }
  const last = RANGES_EACH * CHANGES_EACH
  const state = { committedSequence: last, publishedSequence: 0 }
  const ports = {
    publisher,
    newId: () => 'bench',
    clock: { now: Date.now, monotonic: () => performance.now() },
    accounts: {
      takeLease: async () => ({ fence: 1, state }),
      renewLease: async () => true,
      finish: async () => undefined,
      connection: async () => null,
      rangesAfter: async (_: UserId, after: number, limit: number) =>
        ranges.filter(({ first }) => first > after).slice(0, limit),
    },
    readings: { byKeys: async () => stored },
  }
  return { userId, ports: ports as unknown as Ports }
}

async function measured(run: () => Promise<number>): Promise<Sample> {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
  const ops = await run()
  const { user, system } = process.cpuUsage(cpu)
  return { ops, ms: performance.now() - startedAt, cpuUs: user + system }
}

function resultsOf(taken: ReadonlyMap<string, readonly Sample[]>): readonly BenchResult[] {
  const costsOf = (samples: readonly Sample[]) => samples.map(({ cpuUs, ops }) => cpuUs / ops)
  const base = costsOf(taken.get(BASE) ?? [])
  return [...taken].map(([name, samples]) => {
    const costs = costsOf(samples)
    const perSecond = Math.round(median(samples.map(({ ops, ms }) => (1_000 * ops) / ms)))
    return {
      name: `${name}: ${perSecond}/s`,
      cpuUs: median(costs),
      spread: [Math.min(...costs), Math.max(...costs)],
      ratio: median(costs.map((cost, round) => cost / (base[round] ?? Number.NaN))),
      base: BASE,
      n: samples.reduce((sum, { ops }) => sum + ops, 0),
    }
  })
}
