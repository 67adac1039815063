import { type Answered, inTurn, openLoop, percentile } from './open-loop.ts'
import { type ReadsProcess, startReads } from './reads-process.ts'
import { atMost, type Bench, type BenchOptions, figureOf } from './result.ts'
import { openWires } from './wire.ts'

const CLIENTS = 1_000
const PER_SECOND = 1_000
const SECONDS = 6
/** Every fifth looks at the page of the last day, the others at the newest reading, each again and again as an app does. */
const PAGE_EVERY = 5
const WARM_UP_ROUNDS = 1
const P99_MS = 10
const P99_RATIO = 2
const MAX_MS = 50

/** A thousand people who ask once a second, whatever the server does: how late the last answers are. */
export const apiTail: Bench = {
  summary: 'latency at 1,000 requests a second from 1,000 people, a fifth of them pages, against bare express',
  async run({ rounds }: BenchOptions) {
    const server = await startReads()
    try {
      const [express, api] = [await aCrowdAt(server, 'express'), await aCrowdAt(server, 'live')]
      const taken = { express: [] as (readonly Answered[])[], api: [] as (readonly Answered[])[] }
      for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
        const [base, measured] = [await express(), await api()]
        if (round < 0) continue
        taken.express.push(base)
        taken.api.push(measured)
      }
      return linesOf(taken)
    } finally {
      await server.stop()
    }
  },
}

async function aCrowdAt(server: ReadsProcess, port: 'express' | 'live') {
  const wires = await openWires(server.ports[port], CLIENTS)
  const [latest, pages] = [server.requests('latest'), server.requests('page')]
  const requests = latest.map((request, n) => (n % PAGE_EVERY === 0 ? (pages[n] ?? '') : request))
  return () => openLoop({ perSecond: PER_SECOND, seconds: SECONDS, ask: inTurn(wires, requests) })
}

function linesOf({ express, api }: Readonly<Record<'express' | 'api', readonly (readonly Answered[])[]>>) {
  const n = PER_SECOND * SECONDS * api.length
  const [base, p99] = [express, api].map((rounds) => rounds.map((answered) => percentile(answered, 99)))
  const errors = api.map((answered) => answered.filter(({ status }) => status !== 200).length)
  return [
    figureOf({ name: 'bare express, p99', unit: 'ms', n }, base ?? []),
    figureOf(
      { name: 'median', unit: 'ms', n },
      api.map((answered) => percentile(answered, 50)),
    ),
    figureOf({ name: 'p99', unit: 'ms', n, goal: atMost(P99_MS, `at most ${P99_MS} ms`) }, p99 ?? []),
    figureOf(
      { name: 'p99', unit: 'x bare express', n, goal: atMost(P99_RATIO, `at most ${P99_RATIO} x bare express`) },
      (p99 ?? []).map((ms, round) => ms / (base?.[round] ?? Number.NaN)),
    ),
    figureOf(
      { name: 'slowest', unit: 'ms', n, goal: atMost(MAX_MS, `at most ${MAX_MS} ms`) },
      api.map((answered) => percentile(answered, 100)),
    ),
    figureOf({ name: 'not answered with 200', unit: 'requests', n, goal: atMost(0, 'none') }, errors),
  ]
}
