import { AppError } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aCall, aClient, QUICK_TIMEOUTS } from './a-client.ts'
import { frozenClocks } from './frozen-clocks.ts'
import { type ScriptedServer, scriptedServer } from './scripted-server.ts'
import { anEgv, NOW_MS, page } from './wire.ts'

const HOUR = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS }

interface Job {
  atMs: number
  attempt: number
  readonly dueMs: number
  doneMs: number | null
}

describe('outages of Dexcom, seen by one worker on a clock of its own', () => {
  const clocks = frozenClocks()
  let server: ScriptedServer
  before(async () => {
    server = await scriptedServer()
  })
  after(() => server.close())

  /** 1, 2, 4 … 300 s, half of it chance: the queue's own backoff, here with a chance that repeats. */
  const backoffMs = (attempt: number, chance: number) => 1_000 + chance * Math.min(299_000, 1_000 * (2 ** attempt - 1))

  /** Runs jobs one after another at their time, each as the queue would: a refusal with a time costs no attempt. */
  async function run(jobs: readonly Job[], untilMs: number, isUp: (ms: number) => boolean) {
    const openedMs: number[] = []
    const { client, circuits } = aClient(server.url, QUICK_TIMEOUTS)
    const calls: number[] = []
    server.answer((res, req) => {
      calls.push(clocks.passedMs())
      if (isUp(clocks.passedMs())) server.json(200, page('egv', [anEgv()]))(res, req)
      else res.writeHead(503).end()
    })
    const nextJob = () => jobs.filter(({ doneMs }) => doneMs === null).sort((a, b) => a.atMs - b.atMs)[0]
    for (let job = nextJob(); job && job.atMs < untilMs; job = nextJob()) {
      clocks.pass(Math.max(0, job.atMs - clocks.passedMs()))
      try {
        await client.asAttempt(job.attempt).fetchReadings(aCall(), 'cgm', HOUR)
        job.doneMs = clocks.passedMs()
      } catch (err) {
        const { retryAfterMs } = AppError.from(err)
        job.atMs = clocks.passedMs() + (retryAfterMs ?? backoffMs(job.attempt, (calls.length % 10) / 10))
        if (retryAfterMs === undefined) job.attempt += 1
      }
      if (circuits.at(-1) === 'open' && circuits.length > openedMs.length * 2) openedMs.push(clocks.passedMs())
    }
    return { calls, openedMs }
  }

  /** So many jobs a second, evenly. */
  const load = (perSecond: number, fromMs: number, toMs: number): Job[] =>
    Array.from({ length: ((toMs - fromMs) / 1000) * perSecond }, (_, i) => {
      const dueMs = fromMs + (i * 1000) / perSecond
      return { atMs: dueMs, dueMs, attempt: 1, doneMs: null }
    })

  // A third of the fleet's budget: what one of three workers does.
  const PER_SECOND = 4

  it('I23: a minute of 503 costs no more than 1.2 minutes of calls, and three for each half minute once open', async () => {
    const jobs = load(PER_SECOND, 0, 120_000)
    const { calls, openedMs } = await run(jobs, 300_000, (ms) => ms < 60_000 || ms >= 120_000)
    const within = (fromMs: number, spanMs: number) => calls.filter((ms) => ms >= fromMs && ms < fromMs + spanMs).length
    const normal = PER_SECOND * 60
    for (const ms of calls.filter((at) => at < 120_000)) expect(within(ms, 60_000)).to.be.at.most(normal * 1.2)
    const [firstOpenMs = 0] = openedMs
    expect(firstOpenMs).to.be.within(60_000, 90_000)
    for (let ms = firstOpenMs + 1; ms < 120_000; ms += 1_000)
      expect(within(ms, Math.min(30_000, 120_000 - ms))).to.be.at.most(3)
    // What failed is done within twice the outage.
    const last = Math.max(...jobs.map(({ doneMs }) => doneMs ?? Number.POSITIVE_INFINITY))
    expect(last).to.be.below(240_000)
  }).timeout(30_000)

  // Half of the time Dexcom is down; what one can do at all in these two minutes is half of what is due.
  it('F23: two minutes of flapping every 10 s leave more than 80 % of the possible syncs', async () => {
    const isUp = (ms: number) => ms >= 120_000 || ms % 20_000 < 10_000
    const jobs = load(PER_SECOND, 0, 120_000)
    await run(jobs, 400_000, isUp)
    const possible = jobs.filter(({ dueMs }) => isUp(dueMs))
    const done = jobs.filter(({ doneMs }) => doneMs !== null && doneMs < 120_000)
    const atOnce = possible.filter(({ dueMs, doneMs }) => doneMs === dueMs)
    expect(done.length).to.be.above(0.8 * possible.length)
    expect(atOnce.length).to.be.above(0.7 * possible.length)
    expect(jobs.filter(({ doneMs }) => doneMs === null)).to.deep.equal([])
  }).timeout(30_000)
})
