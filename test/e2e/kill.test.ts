import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { auditGaps } from '../support/audit-cover.ts'
import { findLeaks } from '../support/canaries.ts'
import { killApp } from '../support/e2e-process.ts'
import { killDice, killSeed } from '../support/kill-dice.ts'
import { type Frozen, freezeBehindPut, freezeInTheMiddle, thaw } from '../support/kill-frozen.ts'
import type { ArmedProcess, KillOrder } from '../support/kill-order.ts'
import { bursting, flowing } from '../support/kill-people.ts'
import { ROOM_HOURS, useKillStage } from '../support/kill-stage.ts'
import { killInRefresh, outcomeOf, TOKEN_CASES, type TokenCase } from '../support/kill-tokens.ts'
import type { Watched } from '../support/oracle-evidence.ts'
import { isAlive } from '../support/processes.ts'
import { until } from '../support/until.ts'

/** promises.md, list A, by the steps of packages/ingest/src/steps.ts. */
const CASES: readonly (readonly [string, KillOrder])[] = [
  ['A1 before the lease', { step: 'lease-wanted', passage: 2 }],
  ['A2 lease taken', { step: 'lease-taken', passage: 2 }],
  ['A3 behind older events', { step: 'caught-up', passage: 2 }],
  ['A8 data fetched', { step: 'fetched', passage: 2 }],
  ['A9 sequences claimed', { step: 'claimed', passage: 2 }],
  // The 20th put of a burst: the first 16, side by side, have landed.
  ['A10 half of a page written', { step: 'writing', passage: 20, since: 'claimed' }],
  ['A11 written, nothing published', { step: 'written', passage: 2 }],
  ['A12 published, not confirmed', { step: 'publishing', passage: 2 }],
  ['A13 confirmed, mark not cleared', { step: 'published', passage: 2 }],
  ['A14 before the cursor moves', { step: 'finishing', passage: 2 }],
  ['A15 lease released, job not ended', { step: 'finished', passage: 2 }],
]
const KILLED = { code: null, signal: 'SIGKILL' }

describe('Killing workers at every step', function () {
  this.timeout(240_000)
  const flowingAccounts = ['gil', 'lea', 'mio', 'noa', 'oda', 'pit']
  const burstingAccounts = ['sam', 'tea']
  const tokenAccounts = TOKEN_CASES.map(({ account }) => account)
  const stage = useKillStage({
    users: (startMs) => [
      ...flowing([...flowingAccounts, ...tokenAccounts]),
      ...bursting(burstingAccounts, startMs, ROOM_HOURS),
    ],
    workers: 1,
  })
  const hit: { readonly of: TokenCase; readonly watched: Watched; readonly at: number }[] = []
  const frozen: Frozen[] = []
  let erased: Watched

  before(async () => {
    await Promise.all([...flowingAccounts, ...burstingAccounts, ...tokenAccounts].map(stage.connect))
    await stage.converge()
    for (const watched of stage.people)
      expect((await stage.witness.evidence(watched)).truth, watched.account).not.to.have.length(0)
    // Nothing has gone wrong yet, so nothing is told twice, and nothing later than what follows it.
    expect({ repeats: stage.oracle.repeats, gaps: stage.oracle.gaps }).to.deep.equal({ repeats: 0, gaps: [] })
  })

  it(`dies in a refresh: ${TOKEN_CASES.map(({ name }) => name).join('; ')}`, async () => {
    for (const of of TOKEN_CASES) {
      const watched = stage.people.find(({ account }) => account === of.account) ?? expect.fail()
      hit.push({ of, watched, at: await killInRefresh(stage, of, watched) })
      // Looked at again once nobody doubts any more.
      if (of.account !== 'tom7') stage.leaveOut(watched)
    }
  })

  it('stands still for twice the lease in the middle of a sync, and somebody is erased meanwhile (B1)', async () => {
    stage.flow()
    const first = await freezeInTheMiddle(stage)
    frozen.push(first)
    erased = first.victim
    const { status } = await erased.person.call('DELETE', '/connection?erase=true')
    expect(status).to.equal(202)
    stage.leaveOut(erased)
    frozen.push(await freezeBehindPut(stage))
  })
  after(() => Promise.all(frozen.map(({ wire }) => wire?.close())))

  const half = Math.ceil(CASES.length / 2)
  for (const cases of [CASES.slice(0, half), CASES.slice(half)])
    it(`loses nothing and tells all in order: ${cases.map(([name]) => name).join('; ')}`, async () => {
      stage.flow()
      const armed = cases.map(([name, order]) => ({ name, worker: stage.arm(order) }))
      await Promise.all(
        armed.map(async ({ name, worker }) => {
          await stage.reached(worker)
          expect(await worker.exited()).to.deep.equal(KILLED)
          stage.note(`${name}: ${worker.pid} killed`)
        }),
      )
      if (cases[0] !== CASES[0]) for (const one of frozen) await thaw(stage, one)
      await stage.converge()
    })

  it('does not bring back who was erased while a worker stood still (I18)', async () => {
    const { userId } = erased.person
    await expectErased(userId)
  })

  it('takes over from a blocked worker that is told to end and then killed (A20)', async () => {
    const worker = stage.arm({ step: 'fetched', deed: 'block', blockMs: 60_000 })
    await stage.reached(worker)
    worker.kill('SIGTERM')
    await delay(1_000)
    worker.kill('SIGKILL')
    expect(await worker.exited()).to.deep.equal(KILLED)
    stage.note(`${worker.pid}: blocked, told to end, killed`)
  })

  it('makes progress through 40 s of a kill every 2 s (A19), half of them by chance, and after all died (A18)', async () => {
    const seed = killSeed()
    console.log(`      BG_KILL_SEED=${seed}`)
    const next = killDice(seed)
    stage.flow()
    const before = await committed()
    const living = stage.system.workers.filter(({ pid }) => isAlive(pid))
    const armed: ArmedProcess[] = []
    for (let i = 0; i < 10; i++) {
      const starting = stage.startWorker()
      const worker = stage.arm(next())
      armed.push(worker)
      stage.note(`${worker.pid} armed: ${JSON.stringify(worker.order)}`)
      await delay(4_000)
      living.push(await starting)
      await Promise.all(living.splice(0, 1).map(killApp))
    }
    expect(await committed(), 'changes committed').to.be.above(before)
    const killed = armed.filter((worker) => worker.hasReached())
    expect(killed.length, 'kills by chance').to.be.above(0)
    await Promise.all([...stage.system.workers, ...armed].map(killApp))
    stage.note('all workers killed')
    await delay(2_000)
    await Promise.all([stage.startWorker(), stage.startWorker()])
    await stage.converge()
  })

  it('has lost no grant but those that a kill took between Dexcom and the table (I6, I7)', async () => {
    // Whom the freeze met was erased, and has no grant any more that could be judged.
    for (const { of, watched, at } of hit.filter((one) => one.watched !== erased)) {
      const outcome = await outcomeOf(watched, at)
      stage.note(`${of.name}: ${outcome}`)
      expect(outcome, of.name).to.equal(of.inDoubt ? 'needs_reauth' : 'connected')
      if (outcome === 'needs_reauth') await stage.connectAgain(watched)
      if (!stage.people.includes(watched)) stage.lookAgainAt(watched)
    }
    const inDoubt = new Set(hit.filter(({ of }) => of.inDoubt).map(({ watched }) => watched))
    await stage.converge((watched) =>
      inDoubt.has(watched) ? { presentations: 2, failures: /needs_reauth|not_connected/ } : {},
    )
    await expectErased(erased.person.userId)
  })

  it('shows nobody a secret, and has every change on record whoever was killed over it (I19, I21)', async () => {
    const { system, processes, people } = stage
    const committedOf = async ({ person }: Watched) =>
      [person.userId, Number((await stage.state(person))['committedSequence'])] as const
    expect(auditGaps(system, processes, new Map(await Promise.all(people.map(committedOf))))).to.deep.equal([])
    const names = people.map(({ person }) => person.userId)
    const secrets = people.map(({ person }) => person.token)
    expect(await findLeaks(system, { processes, people: names, secrets })).to.deep.equal([])
  })

  it('has told the reference consumer every change, without a gap, and nothing that it could not take in (I3, I4)', async () => {
    const { oracle } = stage
    stage.note(`the reference consumer dropped ${oracle.repeats} repeats`)
    expect(oracle.repeats, 'kills behind a confirm').to.be.above(0)
    expect(oracle.gaps).to.deep.equal([])
    expect(await oracle.deadLetters()).to.equal(0)
  })

  async function committed(): Promise<number> {
    const states = await Promise.all(stage.people.map(({ person }) => stage.state(person)))
    return states.reduce((sum, { committedSequence }) => sum + Number(committedSequence ?? 0), 0)
  }

  async function expectErased(userId: string): Promise<void> {
    const told = () => stage.listener.about(userId).map(({ routingKey }) => routingKey)
    await until('the erasure is told', () => told().includes('user.erased'), 40_000)
    const { items, keys } = await stage.witness.traces(userId)
    expect({ items, keys }).to.deep.equal({ items: ['state'], keys: [] })
    expect(told().at(-1)).to.equal('user.erased')
  }
})
