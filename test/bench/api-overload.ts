import { type Answered, openLoop, percentile } from './open-loop.ts'
import { READS, warmUp } from './read-variants.ts'
import { type ReadsProcess, startReads } from './reads-process.ts'
import { atLeast, atMost, type Bench, type BenchOptions, figureOf, median } from './result.ts'
import { openPool, type WirePool } from './wire-pool.ts'

const TIMES = 10
const STORM_SECONDS = 20
const CALM_SECONDS = 6
const CALM_SHARE = 0.3
/** Calls of a closed loop, from few connections so that nobody is turned away: their rate is the peak. */
const PEAK_CALLS = 600
const PEAK_CONNECTIONS = 16
const GOOD_P99_MS = 200
const REFUSED_P99_MS = 50
const GOODPUT = 0.85
const RECOVERED_AFTER_MS = 2_000
const CALM_P99_MS = 200

interface Storm {
  readonly peak: number
  readonly storm: readonly Answered[]
  readonly calm: readonly Answered[]
}

/**
 * Ten times what the API can do, for twenty seconds. Of pages from the store, which are its capacity: of what it answers from
 * memory no generator on this machine can ask ten times as much, nor could bare node:http refuse it.
 */
export const apiOverload: Bench = {
  summary: 'ten times as many pages from the store as the API can read: latency, refusals, goodput, recovery',
  async run({ rounds }: BenchOptions) {
    const server = await startReads()
    const pool = openPool(server.ports.liveStore)
    try {
      const taken: Storm[] = []
      for (let round = 0; round < rounds; round += 1) taken.push(await stormOf(server, pool))
      console.error(
        `${pool.size()} connections; peaks of ${taken.map(({ peak }) => Math.round(peak)).join(', ')} pages/s`,
      )
      return linesOf(taken)
    } finally {
      pool.close()
      await server.stop()
    }
  },
}

async function stormOf(server: ReadsProcess, pool: WirePool): Promise<Storm> {
  const requests = server.requests('page')
  const ask = (n: number) => pool.ask(requests[n % requests.length] ?? '')
  const peak = await peakOf(server)
  const storm = await openLoop({ perSecond: peak * TIMES, seconds: STORM_SECONDS, ask })
  const calm = await openLoop({ perSecond: peak * CALM_SHARE, seconds: CALM_SECONDS, ask })
  return { peak, storm, calm }
}

/** Pages a second, of the same store, that nobody is in the way of. */
async function peakOf(server: ReadsProcess): Promise<number> {
  const page = READS.find(({ name }) => name === 'page of a day, store')
  if (!page) throw new Error('there is no page from the store')
  const { run, close } = await warmUp(server, { ...page, calls: PEAK_CALLS }, PEAK_CONNECTIONS)
  const startedAt = performance.now()
  await run()
  close()
  return (PEAK_CALLS * 1000) / (performance.now() - startedAt)
}

const isGood = ({ status }: Answered) => status === 200
/** What is served behind the storm was of no use in it. */
const isInTime = (one: Answered) => isGood(one) && one.dueMs + one.latencyMs <= STORM_SECONDS * 1000
const isRefused = ({ status }: Answered) => status === 503 || status === 429

function linesOf(taken: readonly Storm[]) {
  const n = taken.reduce((sum, { storm }) => sum + storm.length, 0)
  const p99Of = (which: (answered: Answered) => boolean) =>
    taken.map(({ storm }) => percentile(storm.filter(which), 99))
  const goodput = taken.map(({ storm, peak }) => storm.filter(isInTime).length / STORM_SECONDS / peak)
  const lost = taken.map(({ storm }) => storm.filter((one) => !isGood(one) && !isRefused(one)).length)
  const after = taken.map(({ calm }) =>
    percentile(
      calm.filter(({ dueMs }) => dueMs >= RECOVERED_AFTER_MS),
      99,
    ),
  )
  return [
    figureOf(
      { name: 'peak', unit: 'pages/s', n: PEAK_CALLS },
      taken.map(({ peak }) => peak),
    ),
    figureOf(
      { name: 'asked for', unit: 'x the peak', n },
      taken.map(({ storm, peak }) => storm.length / STORM_SECONDS / peak),
    ),
    figureOf(
      { name: 'served, p99', unit: 'ms', n, goal: atMost(GOOD_P99_MS, `at most ${GOOD_P99_MS} ms`) },
      p99Of(isGood),
    ),
    figureOf(
      { name: 'turned away, p99', unit: 'ms', n, goal: atMost(REFUSED_P99_MS, `at most ${REFUSED_P99_MS} ms`) },
      p99Of(isRefused),
    ),
    figureOf(
      { name: 'goodput', unit: 'x the peak', n, goal: atLeast(GOODPUT, `at least ${GOODPUT} x the peak`) },
      goodput,
    ),
    figureOf({ name: 'neither served nor turned away', unit: 'requests', n, goal: atMost(0, 'none') }, lost),
    figureOf(
      {
        name: 'p99 of a third of the peak, from 2 s behind it',
        unit: 'ms',
        n: Math.round(median(taken.map(({ calm }) => calm.length))) * taken.length,
        goal: atMost(CALM_P99_MS, `at most ${CALM_P99_MS} ms`),
      },
      after,
    ),
  ]
}
