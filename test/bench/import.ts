import { setTimeout as delay } from 'node:timers/promises'
import type { UserId } from '@bg-ingest/domain'
import { until } from '../support/until.ts'
import { egvPage } from './egv-records.ts'
import { ACCOUNT } from './fake-dexcom.ts'
import { atLeast, atMost, type Bench, type BenchFigure, type BenchOptions, figureOf } from './result.ts'
import { startWorkerStage, type WorkerStage } from './worker-stage.ts'

const PEOPLE = 10
const POLLED = 40
const WINDOWS = 2
const DAY_MS = 86_400_000
const READINGS_A_WINDOW = 8_640
const READINGS = PEOPLE * WINDOWS * READINGS_A_WINDOW
const PAGE_OF_26_H = 312
/** Two days back begins nobody's poll. */
const POLLS_BEGIN_WITHIN_MS = 2 * DAY_MS
const POLL_EVERY_MS = 100
const ALONE_MS = 8_000
const MOST_ROUNDS = 3
const MB = 1_000_000

/** Two months of history of each of ten people in a real worker process, with and without polls of others beside. */
export const importBench: Bench = {
  summary: 'windows of 30 days into a null DynamoDB, a real worker process, and the polls of others meanwhile',
  async run({ rounds }: BenchOptions) {
    const stage = await startWorkerStage()
    try {
      servePages(stage)
      const polls = await startPolling(stage)
      await importAll(stage, 'warm-up')
      const taken: Round[] = []
      for (let round = 0; round < Math.min(rounds, MOST_ROUNDS); round += 1)
        taken.push(await aRound(stage, polls, `round-${round}`))
      return figuresOf(taken)
    } finally {
      await stage.stop()
    }
  },
}

interface Round {
  readonly perSecond: number
  readonly cpuUs: number
  readonly delayP99Ms: number
  readonly rssMb: number
  readonly aloneP99Ms: number
  readonly besideP99Ms: number
}

/** The span of everybody's history, its pages, and the page of a poll. */
export function servePages({ dexcom }: WorkerStage): void {
  const toMs = Date.now() - 3 * DAY_MS
  const fromMs = toMs - WINDOWS * READINGS_A_WINDOW * 300_000
  dexcom.span(fromMs, toMs)
  const pages = new Map<string, Buffer>()
  const poll = Buffer.from(egvPage(ACCOUNT, Date.now() - 27 * 3_600_000, 0, PAGE_OF_26_H))
  dexcom.serve((startDate) => {
    const startMs = Date.parse(`${startDate}Z`)
    if (startMs > Date.now() - POLLS_BEGIN_WITHIN_MS) return poll
    const first = Math.max(0, Math.round((startMs - fromMs) / 300_000))
    const count = Math.min(READINGS_A_WINDOW, WINDOWS * READINGS_A_WINDOW - first)
    const page = pages.get(startDate) ?? Buffer.from(egvPage(ACCOUNT, fromMs, first, count))
    pages.set(startDate, page)
    return page
  })
}

export async function importAll({ people, producer, redis, store }: WorkerStage, name: string): Promise<void> {
  const before = store.written()
  const users = await people(
    Array.from({ length: PEOPLE }, (_, i) => `${name}-${i}`),
    'none',
  )
  for (const userId of users) await producer.enqueue('importHistory', { v: 1, userId })
  await until('everything is stored', () => store.written() - before >= READINGS, 240_000)
  await until('no import runs', async () => (await redis.llen('bg:bg-history:active')) === 0, 20_000)
}

interface Polling {
  /** Polls somebody else every 100 ms while `work` runs; answers the times from asking to the end of the sync. */
  during(work: () => Promise<unknown>): Promise<readonly number[]>
}

async function startPolling({ people, producer, store }: WorkerStage): Promise<Polling> {
  const users = await people(Array.from({ length: POLLED }, (_, i) => `polled-${i}`))
  const asked = new Map<UserId, number>()
  let times: number[] = []
  store.onFinished((userId) => {
    const from = asked.get(userId as UserId)
    if (asked.delete(userId as UserId) && from !== undefined) times.push(performance.now() - from)
  })
  let next = 0
  const ask = async () => {
    const userId = users[next++ % users.length]
    if (!userId || asked.has(userId)) return
    asked.set(userId, performance.now())
    await producer.requestSync({ userId, trigger: 'poll', requestId: 'bench' })
  }
  return {
    async during(work) {
      times = []
      const timer = setInterval(() => void ask(), POLL_EVERY_MS)
      await work().finally(() => clearInterval(timer))
      await until('nobody waits', () => asked.size === 0, 30_000)
      return times
    },
  }
}

async function aRound(stage: WorkerStage, polls: Polling, name: string): Promise<Round> {
  const alone = await polls.during(() => delay(ALONE_MS))
  let [seconds, cpuUs, delayP99Ms, rssMb] = [0, 0, 0, 0]
  const beside = await polls.during(async () => {
    const before = await stage.worker.look()
    const from = performance.now()
    await importAll(stage, name)
    seconds = (performance.now() - from) / 1_000
    const after = await stage.worker.look()
    cpuUs = (after.cpuUs - before.cpuUs) / READINGS
    delayP99Ms = after.delayP99Ms
    rssMb = after.rssBytes / MB
  })
  return {
    perSecond: READINGS / seconds,
    cpuUs,
    delayP99Ms,
    rssMb,
    aloneP99Ms: p99(alone),
    besideP99Ms: p99(beside),
  }
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}

function figuresOf(rounds: readonly Round[]): readonly BenchFigure[] {
  const n = rounds.length * READINGS
  const figure = (name: string, unit: string, of: (round: Round) => number, goal?: ReturnType<typeof atMost>) =>
    figureOf({ name, unit, n, ...(goal ? { goal } : {}) }, rounds.map(of))
  return [
    figure('readings', 'a second', ({ perSecond }) => perSecond, atLeast(15_000, 'at least 15,000 a second')),
    figure('CPU of a reading', 'us', ({ cpuUs }) => cpuUs),
    figure('event-loop delay, 99 in 100', 'ms', ({ delayP99Ms }) => delayP99Ms, atMost(20, 'at most 20 ms')),
    figure('resident memory behind it', 'MB', ({ rssMb }) => rssMb, atMost(256, 'at most 256 MB')),
    figure('a poll alone, 99 in 100', 'ms', ({ aloneP99Ms }) => aloneP99Ms),
    figure('a poll beside it, 99 in 100', 'ms', ({ besideP99Ms }) => besideP99Ms),
    figure(
      'a poll beside it, of one alone',
      'x',
      ({ aloneP99Ms, besideP99Ms }) => besideP99Ms / aloneP99Ms,
      atMost(1.3, 'at most 1.3 x'),
    ),
  ]
}
