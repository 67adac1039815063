import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { metric } from '../support/e2e-metrics.ts'
import type { ListeningApp } from '../support/e2e-process.ts'
import { type System, startSystem } from '../support/e2e-system.ts'
import { connectAll, quietUsers } from '../support/fleet-watch.ts'

/** A process at one moment, right behind a collection of its garbage. */
interface ProcessSample {
  readonly heapMegabytes: number
  readonly descriptors: number
}

export interface LeakSample {
  /** Since the first sample. */
  readonly syncs: number
  readonly api: ProcessSample
  readonly worker: ProcessSample
  readonly redisKeys: number
}

/** What a long quiet time did to the processes. */
export interface LeakResults {
  readonly people: number
  readonly minutes: number
  readonly samples: readonly LeakSample[]
  /** What grew, or did not end in order; null where nothing did. */
  readonly broken: string | null
}

export interface LeakPlan {
  readonly people: number
  readonly minutes: number
  readonly say: (line: string) => void
}

/** A reading every 5 s, and as many polls: sixty times as fast as people live. */
const SPEED = 60
const POLL_SECONDS = 5
const HOUR_MS = 3_600_000
/** The data stop before our own present. */
const ROOM_MS = 48 * HOUR_MS
const MINUTE_MS = 60_000
/** Code is compiled, pools are filled, and jobs that are kept have reached their number. */
const WARM_UP_MS = 60_000
const SAMPLE_EVERY_MS = 10_000
const READS_PER_SAMPLE = 200
const PRELOAD = new URL('../support/collect-garbage.ts', import.meta.url).href

/** Lets a crowd be polled for so long, and looks whether anything grows. */
export async function watchForLeaks({ people: count, minutes, say }: LeakPlan): Promise<LeakResults> {
  const names = Array.from({ length: count }, (_, i) => `leak-${i}-${randomUUID().slice(0, 4)}`)
  const clock = createVirtualClock({ startMs: Date.now() - ROOM_MS, speed: 0 })
  const system = await startSystem({
    workers: 1,
    variables: { POLL_INTERVAL_SECONDS: `${POLL_SECONDS}`, NODE_OPTIONS: `--import ${PRELOAD}` },
    simulator: {
      clock,
      vendorDelaySeconds: 0,
      users: quietUsers(names).map((user) => ({ ...user, historyDays: 0.1 })),
    },
  })
  const redis = new Redis(system.variables.REDIS_URL ?? '')
  try {
    const people = await connectAll(system, names)
    clock.setSpeed(SPEED)
    say(`${count} people are connected`)
    await delay(WARM_UP_MS)
    const samples = await sample({ system, redis, people }, minutes * MINUTE_MS, say)
    const broken = grownIn(samples) ?? (await unendedIn(system))
    return { people: count, minutes, samples, broken }
  } finally {
    redis.disconnect()
    await system.stop()
  }
}

interface Watched {
  readonly system: System
  readonly redis: Redis
  readonly people: readonly PersonClient[]
}

async function sample(watched: Watched, ms: number, say: LeakPlan['say']): Promise<readonly LeakSample[]> {
  const samples: LeakSample[] = []
  const endsAt = performance.now() + ms
  const before = await syncsOf(watched.system)
  for (;;) {
    samples.push(await lookAt(watched, before))
    say(line(samples))
    if (performance.now() > endsAt) return samples
    const next = delay(SAMPLE_EVERY_MS)
    await readMany(watched.people)
    await next
  }
}

/** The API has something to do as well. */
async function readMany(people: readonly PersonClient[]): Promise<void> {
  for (let i = 0; i < READS_PER_SAMPLE; i++) {
    const { status = 0 } = (await people[i % people.length]?.call('GET', i % 2 === 0 ? '/latest' : '?limit=100')) ?? {}
    if (status !== 200) throw new Error(`a read answered ${status}`)
  }
}

async function lookAt({ system, redis }: Watched, before: number): Promise<LeakSample> {
  const [worker] = system.workers
  if (!worker) throw new Error('there is no worker')
  return {
    syncs: (await syncsOf(system)) - before,
    api: await lookInto(system.api),
    worker: await lookInto(worker),
    redisKeys: await redis.dbsize(),
  }
}

const SYNCS = 'bg_sync_total{trigger="poll",outcome="completed"}'
const syncsOf = async ({ workers: [worker] }: System) => (worker ? await metric(worker, SYNCS) : 0)

const BYTES_PER_MEGABYTE = 1_048_576

async function lookInto(app: ListeningApp): Promise<ProcessSample> {
  app.kill('SIGUSR2')
  // The signal is handled before the request that follows it is.
  await metric(app, 'process_open_fds')
  return {
    heapMegabytes: (await metric(app, 'nodejs_heap_size_used_bytes')) / BYTES_PER_MEGABYTE,
    descriptors: await metric(app, 'process_open_fds'),
  }
}

/** Issue 10: below 1 MB per 1000 syncs. */
const MOST_SLOPE = 1
const MORE_DESCRIPTORS = 20
/** Jobs come and go; what is kept for good is there after the first half. */
const MORE_KEYS = 1.1

/** What grew while the samples were taken; null where nothing did. */
export function grownIn(samples: readonly LeakSample[]): string | null {
  const [first, middle, last] = [samples[0], samples[Math.floor(samples.length / 2)], samples.at(-1)]
  if (!first || !middle || !last) return 'nothing was sampled'
  if (last.syncs === 0) return 'nobody was polled'
  for (const app of ['api', 'worker'] as const) {
    const slope = heapSlope(samples, app)
    if (slope > MOST_SLOPE) return `the heap of the ${app} grew by ${slope.toFixed(2)} MB per 1000 syncs`
    const more = last[app].descriptors - first[app].descriptors
    if (more > MORE_DESCRIPTORS) return `the ${app} has ${more} file descriptors more`
  }
  if (last.redisKeys > MORE_KEYS * middle.redisKeys)
    return `Redis went from ${middle.redisKeys} to ${last.redisKeys} keys`
  return null
}

/** Least squares: megabytes of heap per 1000 syncs. */
export function heapSlope(samples: readonly LeakSample[], app: 'api' | 'worker'): number {
  const points = samples.map((one) => ({ x: one.syncs / 1_000, y: one[app].heapMegabytes }))
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)]
  const spread = mean(({ x }) => (x - meanX) ** 2)
  return spread === 0 ? 0 : mean(({ x, y }) => (x - meanX) * (y - meanY)) / spread
}

/** No timer and no connection keeps a process that is told to end. */
async function unendedIn({ api, workers }: System): Promise<string | null> {
  for (const app of [...workers, api]) {
    app.kill('SIGTERM')
    const { code, signal } = await app.exited()
    if (code !== 0) return `a process that was told to end ended with ${code ?? signal}`
  }
  return null
}

function line(samples: readonly LeakSample[]): string {
  const { syncs = 0, api, worker, redisKeys = 0 } = samples.at(-1) ?? {}
  const megabytes = [api, worker].map((one) => one?.heapMegabytes.toFixed(1)).join(' and ')
  return `${syncs} syncs: heaps ${megabytes} MB, descriptors ${api?.descriptors} and ${worker?.descriptors}, ${redisKeys} keys`
}
