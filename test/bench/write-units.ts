import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measurement } from '@bg-ingest/domain'
import { importHistory, type Ports } from '@bg-ingest/ingest'
import { startDynamodb } from '@bg-ingest/local-stack'
import { provision } from '@bg-ingest/store/provision'
import { createDynamo, WRITE_LIMITS } from '@bg-ingest/store/write'
import { consume } from '../support/convergence.ts'
import { freshTables, serverAt, type TestDynamo } from '../support/dynamo.ts'
import { aMortal } from '../support/mortal.ts'
import { someDigests } from '../support/some-digests.ts'
import { ago, aWorld, LEASE_OVER_MS, type World } from '../support/world.ts'
import { atMost, type Bench, type BenchFigure, figureOf } from './result.ts'
import { seededRandom } from './seeded-random.ts'

const MINUTE_MS = 60_000
const POLL_MS = 15 * MINUTE_MS
const POLLS = 96
const READINGS_A_POLL = 3
const LATE_SHARE = 0.05
const LATEST_POLLS = 24
/** A sensor is changed: two hours without readings. */
const SILENT = { from: 40, to: 48 }
/** The worker dies in these polls, at these steps. */
const CRASHES: Readonly<Record<number, string>> = { 30: 'claimed', 60: 'written' }
const HISTORY = 8_640

/** What a person costs in DynamoDB's own units, and whether anything was lost or told twice on the way. */
export const writeUnits: Bench = {
  summary: 'write units of a simulated day of polls with late readings and crashes, and of a window of history',
  async run() {
    const store = await openStore()
    try {
      return [...(await aDay(store)), await aWindow(store)]
    } finally {
      await store.close()
    }
  },
}

interface CountingStore extends TestDynamo {
  /** Write units that `work` consumes. */
  unitsOf(work: () => Promise<unknown>): Promise<number>
  close(): Promise<void>
}

async function openStore(): Promise<CountingStore> {
  const dir = await mkdtemp(join(tmpdir(), 'bg-bench-units-'))
  const backend = await startDynamodb({ env: process.env, dir })
  const tables = freshTables()
  await provision({ server: serverAt(backend.url), tables, say: () => undefined })
  const clients: ReturnType<TestDynamo['client']>[] = []
  let written = 0
  return {
    endpoint: backend.url,
    tables,
    client(onUnits) {
      const client = createDynamo({
        ...serverAt(backend.url),
        ...WRITE_LIMITS,
        onUnits(operation, kind, units) {
          if (kind === 'write') written += units
          onUnits?.({ operation, kind, units })
        },
      })
      clients.push(client)
      return client
    },
    async unitsOf(work) {
      const before = written
      await work()
      return written - before
    },
    async close() {
      for (const client of clients) client.destroy()
      await backend.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function aDay(store: CountingStore): Promise<readonly BenchFigure[]> {
  const world = aWorld(store)
  const digests = someDigests()
  const upload = uploads(world)
  await world.connect()
  await world.sync({}, { ...world.ports, digests })
  const byNews = new Map<number, number[]>()
  for (let poll = 0; poll < POLLS + LATEST_POLLS; poll += 1) {
    world.clock.advance(POLL_MS)
    upload(poll)
    const step = CRASHES[poll]
    if (step) await diesAt(world, step, digests)
    let news = 0
    const units = await store.unitsOf(async () => {
      const { result } = await world.sync({}, { ...world.ports, digests })
      news = result.stored
    })
    if (!step) byNews.set(news, [...(byNews.get(news) ?? []), units])
  }
  const without = byNews.get(0) ?? []
  const withThree = byNews.get(READINGS_A_POLL) ?? []
  return [
    figureOf({ name: 'a poll without news', unit: 'units', n: without.length, goal: atMost(2, '2') }, without),
    figureOf(
      { name: 'a poll with three new readings', unit: 'units', n: withThree.length, goal: atMost(6, 'at most 6') },
      withThree,
    ),
    ...(await truthOf(world)),
  ]
}

/** What the phone uploads before each poll: three readings, of which one in twenty comes hours late. */
function uploads(world: World): (poll: number) => void {
  const random = seededRandom(1)
  const late = new Map<number, Measurement[]>()
  return (poll) => {
    world.dexcom.add(...(late.get(poll) ?? []))
    if (poll >= POLLS || (poll >= SILENT.from && poll < SILENT.to)) return
    for (const minutes of [1, 6, 11]) {
      const reading = ago(world, minutes * MINUTE_MS)
      const on = random() < LATE_SHARE ? poll + 1 + Math.floor(random() * (LATEST_POLLS - 1)) : poll
      if (on === poll) world.dexcom.add(reading)
      else late.set(on, [...(late.get(on) ?? []), reading])
    }
  }
}

async function diesAt(world: World, step: string, digests: Ports['digests']): Promise<void> {
  const mortal = aMortal()
  mortal.dieAt(step)
  const died = await world.sync({}, { ...world.portsOf(mortal), ...(digests ? { digests } : {}) }).then(
    () => false,
    () => mortal.dead,
  )
  mortal.release()
  if (!died) throw new Error(`nobody died at ${step}`)
  world.clock.advance(LEASE_OVER_MS)
}

/** What is stored and told, beside what Dexcom has. */
async function truthOf(world: World): Promise<readonly BenchFigure[]> {
  const uploaded = world.dexcom.records().length
  const stored = (await world.stored()).size
  const { readings, kinds } = consume(world)
  const figure = (name: string, value: number) =>
    figureOf({ name, unit: 'readings', n: uploaded, goal: atMost(0, '0') }, [value])
  return [
    figure('lost: uploaded and not stored, or stored and not told', 2 * uploaded - stored - readings.size),
    figure('duplicates: told as new more than once', kinds.length - readings.size),
  ]
}

async function aWindow(store: CountingStore): Promise<BenchFigure> {
  const world = aWorld(store)
  world.dexcom.add(...Array.from({ length: HISTORY }, (_, i) => ago(world, (i + 1) * 5 * MINUTE_MS)))
  await world.connect()
  const options = { retentionDays: 0, stopping: () => false }
  const units = await store.unitsOf(async () => {
    while ((await importHistory(world.ports, options, world.userId, world.never)).more);
  })
  const { size } = await world.stored()
  if (size !== HISTORY) throw new Error('history is not whole')
  const goal = atMost(1.1, 'at most 1.1')
  return figureOf({ name: 'a reading of history', unit: 'units', n: HISTORY, goal }, [units / HISTORY])
}
