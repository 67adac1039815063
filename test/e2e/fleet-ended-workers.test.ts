import { expect } from 'chai'
import type { PersonClient } from '../support/e2e-client.ts'
import { type AppProcess, spawnApp } from '../support/e2e-process.ts'
import { useSystem } from '../support/e2e-system.ts'
import { connectAll, lastPolled, quietUsers, startWorker, untilPolledSince } from '../support/fleet-watch.ts'
import { orderVariables } from '../support/kill-order.ts'
import { until } from '../support/until.ts'

const PEOPLE = ['greedy', 'una', 'vic', 'wes']
const HEAP_MB = 96
/** 12 MB on the wire, below what is refused; four million objects, above what the heap takes. */
const FATAL_BODY = `{"recordType":"egv","records":[${'{},'.repeat(4_000_000)}{}]}`
/** Two deaths, each found after lock and stall check (13 s), and the lease of the third (15 s), on a busy machine. */
const PARKED_WITHIN_MS = 200_000
const WEDGED = new URL('../support/wedged-consumer.ts', import.meta.url).href

describe('Workers that are ended by their work, or end themselves', function () {
  this.timeout(300_000)
  const system = useSystem({
    workers: 1,
    variables: { POLL_INTERVAL_SECONDS: '2' },
    simulator: { users: quietUsers(PEOPLE), latencyMs: 20 },
  })
  let people: PersonClient[]
  const started: AppProcess[] = []
  before(async () => {
    people = await connectAll(system, PEOPLE)
  })
  after(() => {
    for (const worker of started) worker.kill('SIGKILL')
  })
  const start = async (over: Readonly<Record<string, string>>) => {
    const worker = await startWorker({ ...system.variables, ...over })
    started.push(worker)
    return worker
  }

  it('dies of one person twice, gives them a process of their own, parks them, and polls all others (B3, I22)', async () => {
    const [greedy = expect.fail(), ...others] = people
    let over = false
    /** As a supervisor does. */
    const supervise = async () => {
      let deaths = 0
      while (!over) {
        // It may die before it is ready, and that counts as well.
        const variables = { WORKER_PORT: '0', NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` }
        const worker = spawnApp('worker', { ...system.variables, ...variables })
        started.push(worker)
        await until('it has died', () => over || worker.hasEnded(), PARKED_WITHIN_MS)
        if (!over) deaths += 1
      }
      return deaths
    }
    for (const worker of system.workers) worker.kill('SIGKILL')
    const from = Date.now()
    system.simulator.faults.add({
      endpoint: 'egvs',
      user: 'greedy',
      action: { kind: 'status', status: 200, contentType: 'application/json', body: FATAL_BODY },
    })
    const supervised = supervise()
    const problem = async () => (await greedy.connection().catch(() => null))?.problem?.code
    await until('they are parked', async () => (await problem()) === 'parked', PARKED_WITHIN_MS)
    console.log(`      parked ${Date.now() - from} ms after the first poll that was fatal`)
    await untilPolledSince(others, Date.now(), 40_000)
    over = true
    expect(await supervised, 'deaths of workers').to.equal(2)
    const { entries } = await system.sim('GET', 'journal?user=greedy&endpoint=egvs')
    const fatal = entries.filter(({ at }: { at: string }) => Date.parse(at) >= from)
    expect(fatal.length, 'starts').to.equal(3)
    expect(started.map(({ output }) => output()).join('')).to.include('it runs in a process of its own')

    system.simulator.faults.clear()
    await until('they are released by hand', async () => (await released(greedy)) === 'completed', 60_000)
    expect(await problem()).to.equal(undefined)
    await untilPolledSince(people, Date.now(), 20_000)
  })

  it('ends by itself where it starts nothing for two minutes although work waits (I12), and the next one goes on', async () => {
    for (const worker of started) worker.kill('SIGKILL')
    const wedged = await start({ NODE_OPTIONS: `--import ${WEDGED}`, BG_WELL_MS: '4000', BG_HURRY: '40' })
    expect(await wedged.exited(40_000)).to.deep.equal({ code: 1, signal: null })
    expect(wedged.output()).to.include('jobs wait and none is started').and.include('worker wedged')
    const before = await Promise.all(people.map(lastPolled))
    await start({})
    await untilPolledSince(people, Math.max(...before), 40_000)
  })
  for (const [deed, said] of [
    ['throw', 'uncaught exception: Error'],
    ['reject', 'unhandled rejection: Error'],
  ] as const)
    it(`ends with 1 where something fails in the middle of a sync and nobody catches it: ${deed} (B4), and others go on`, async () => {
      const worker = await start(orderVariables({ step: 'fetched', deed }))
      expect(await worker.exited(40_000)).to.deep.equal({ code: 1, signal: null })
      expect(worker.output()).to.include(said).and.not.include('planted')
      await untilPolledSince(people, Date.now(), 40_000)
      expect(
        (await Promise.all(people.map((person) => person.connection()))).map(({ problem }) => problem),
      ).to.deep.equal(people.map(() => null))
    })
})

/** How a sync that they ask for ends; a busy API may say that it has too much to do. */
const released = async (person: PersonClient): Promise<string> =>
  (await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })).json.status
