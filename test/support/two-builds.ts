/**
 * `tools/dev --build node --conditions=source test/support/two-builds.ts <folder>`: this build and another one, such as the
 * last release, side by side on the same backends (promises.md I28). The folder is a checkout that was built. Data flow
 * for a dozen people while a worker of either build is killed and replaced again and again; then each build is alone, the
 * other one first. Ends with 0 where all oracles are content with both and both APIs answer the same.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { startLocalStack } from '@bg-ingest/local-stack'
import { type PersonClient, personClient } from './e2e-client.ts'
import { killApp, type ListeningApp, startApp } from './e2e-process.ts'
import { bursting, flowing } from './kill-people.ts'
import { type OpenStage, openKillStage, ROOM_HOURS } from './kill-stage.ts'

const FLOWING = ['gil', 'lea', 'mio', 'noa', 'oda', 'pit']
const BURSTING = ['sam', 'tea']
/** Kills of each build's worker, and how long each lives. */
const ROUNDS = 5
const LIFE_MS = 3_000
const ALONE_MS = 5_000

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Usage: two-builds.ts <folder of another checkout, built>')
const say = (line: string) => console.error(line)

type Build = string | undefined
const OURS: Build = undefined

async function sideBySide(stage: OpenStage, other: string): Promise<void> {
  const started: ListeningApp[] = []
  const start = async (build: Build) => {
    const worker = await startApp('worker', stage.system.variables, undefined, build)
    started.push(worker)
    return worker
  }
  try {
    await Promise.all([...FLOWING, ...BURSTING].map(stage.connect))
    await stage.converge()
    await Promise.all(stage.system.workers.map(killApp))
    stage.flow()
    let [ours, theirs] = await Promise.all([start(OURS), start(other)])
    for (let i = 0; i < ROUNDS; i++) {
      ours = await replaced(ours, () => start(OURS))
      theirs = await replaced(theirs, () => start(other))
    }
    say(`side by side, ${2 * ROUNDS} kills: converged after ${await stage.converge()} ms`)

    await endInOrder(ours)
    await expectGoesOn(stage, 'the other build alone')
    ours = await start(OURS)
    await endInOrder(theirs)
    await expectGoesOn(stage, 'this build alone')
  } finally {
    await Promise.all(started.map(killApp))
  }
}

async function replaced(worker: ListeningApp, next: () => Promise<ListeningApp>): Promise<ListeningApp> {
  await delay(LIFE_MS)
  await killApp(worker)
  return next()
}

async function expectGoesOn(stage: OpenStage, who: string): Promise<void> {
  stage.flow()
  await delay(ALONE_MS)
  say(`${who}: converged after ${await stage.converge()} ms`)
}

/** As a rollout does. */
async function endInOrder(worker: ListeningApp): Promise<void> {
  worker.kill('SIGTERM')
  const { code } = await worker.exited()
  if (code !== 0) throw new Error(`a worker ended with ${code}:\n${worker.output().slice(-2_000)}`)
}

/** What both APIs say of everybody's readings and changes. */
async function expectSameAnswers(stage: OpenStage, other: string): Promise<void> {
  const theirs = await startApp('api', stage.system.variables, undefined, other)
  try {
    for (const { person } of stage.people) {
      const there = personClient(theirs.url, person.userId, person.token)
      for (const [what, answerOf] of Object.entries(ANSWERS))
        if ((await answerOf(person)) !== (await answerOf(there))) throw new Error(`the two APIs differ: ${what}`)
    }
  } finally {
    await killApp(theirs)
  }
}

/** Without what depends on the moment, such as an age. */
const ANSWERS: Readonly<Record<string, (person: PersonClient) => Promise<string>>> = {
  async latest({ call }) {
    const { freshness, ...reading } = (await call('GET', '/latest')).json
    return JSON.stringify([reading, freshness.state])
  },
  readings: async (person) => JSON.stringify(await person.everyReading()),
  changes: async ({ call }) => JSON.stringify((await call('GET', '/changes?after=0&limit=1000')).json),
}

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
const stack = await startLocalStack({ env: process.env, say, signal: stopping.signal, requireReal: true })
Object.assign(process.env, stack.env)
try {
  const stage = await openKillStage({
    users: (startMs) => [...flowing(FLOWING), ...bursting(BURSTING, startMs, ROOM_HOURS)],
    workers: 1,
  })
  try {
    await sideBySide(stage, folder)
    await expectSameAnswers(stage, folder)
    console.log(`${stage.people.length} people: nothing lost, nothing twice, and both APIs answer the same`)
  } finally {
    await stage.close()
  }
} finally {
  await stack.stop()
}
