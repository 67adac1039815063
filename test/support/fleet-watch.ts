import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import type { PersonClient } from './e2e-client.ts'
import { type ListeningApp, startApp } from './e2e-process.ts'
import { aPerson, type System } from './e2e-system.ts'
import { until } from './until.ts'

const QUEUES = ['bg-sync', 'bg-history', 'bg-connection', 'bg-maintenance', 'bg-tick']
const ASK_EVERY_MS = 400

/** People of the simulator with a day of history and little news. */
export const quietUsers = (names: readonly string[]) =>
  names.map((name) => ({ name, kind: 'generated' as const, profile: 'quiet' as const, historyDays: 1 }))

/**
 * Connects one after another, and waits until everything of before is there. An API that has just started on a busy
 * machine may shed the first of these calls.
 */
export async function connectAll(system: System, names: readonly string[]): Promise<PersonClient[]> {
  const people: PersonClient[] = []
  for (const name of names) {
    const connected = () =>
      system.connect(aPerson(name), name).then(
        (person) => people.push(person) > 0,
        () => false,
      )
    await until(`${name} is connected`, connected, 20_000)
  }
  const isImported = (person: PersonClient) =>
    person.connection().then(
      ({ history }) => history.state === 'complete',
      () => false,
    )
  for (const person of people) await until('everything of before is there', () => isImported(person), 60_000)
  return people
}

/** Epoch milliseconds of the latest poll that went well; 0 where the answer does not tell. */
export const lastPolled = (person: PersonClient): Promise<number> =>
  person.connection().then(
    ({ lastSuccessAt }) => Date.parse(lastSuccessAt),
    () => 0,
  )

/** Waits until everybody has been polled after an instant; answers how many milliseconds after it that was. */
export async function untilPolledSince(people: readonly PersonClient[], since: number, ms = 20_000): Promise<number> {
  const isPolled = async () => (await Promise.all(people.map(lastPolled))).every((at) => at > since)
  await until('everybody is polled', isPolled, ms)
  return Date.now() - since
}

/** How many jobs of all queues have failed for good. */
export async function failedJobs(redis: Redis): Promise<number> {
  const counts = await Promise.all(QUEUES.map((queue) => redis.zcard(`bg:${queue}:failed`)))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** The syncs that a worker has under way, and since when, as the board tells: a worker's name ends with its process id. */
export async function syncsOf(redis: Redis, { pid }: ListeningApp): Promise<readonly { id: string; at: number }[]> {
  const ids = await redis.lrange('bg:bg-sync:active', 0, -1)
  const jobs = await Promise.all(ids.map((id) => redis.hmget(`bg:bg-sync:${id}`, 'pb', 'processedOn')))
  return ids.flatMap((id, i) => {
    const [by, at] = jobs[i] ?? []
    return by?.endsWith(`:${pid}`) ? { id, at: Number(at) } : []
  })
}

/** Everybody asks for syncs and reads all the while; answers the statuses that came. */
export async function underLoad(people: readonly PersonClient[], work: () => Promise<void>) {
  let over = false
  const statuses = { sync: new Map<number, number>(), read: new Map<number, number>() }
  const count = (of: Map<number, number>, status: number) => of.set(status, (of.get(status) ?? 0) + 1)
  const asking = people.map(async (person) => {
    while (!over) {
      count(statuses.sync, (await person.call('POST', '/sync')).status)
      for (const path of ['/latest', '?limit=10']) count(statuses.read, (await person.call('GET', path)).status)
      await delay(ASK_EVERY_MS)
    }
  })
  await work().finally(() => {
    over = true
  })
  await Promise.all(asking)
  return { sync: [...statuses.sync.keys()], read: [...statuses.read.keys()] }
}

const TRIES = 3

/** Starts a worker, and another one where a busy machine does not get it up in time. */
export async function startWorker(variables: Readonly<Record<string, string>>): Promise<ListeningApp> {
  for (let attempt = 1; ; attempt++)
    try {
      return await startApp('worker', variables)
    } catch (cause) {
      if (attempt === TRIES) throw cause
    }
}

/** SIGTERM, and exit 0. */
export async function endInOrder(worker: ListeningApp): Promise<void> {
  worker.kill('SIGTERM')
  expect(await worker.exited(), worker.output().slice(-2_000)).to.deep.equal({ code: 0, signal: null })
}

/** Dexcom has never answered two calls of one person at once. */
export async function expectNobodyAskedForTwice(system: System): Promise<void> {
  const { entries } = await system.sim('GET', 'journal?endpoint=egvs')
  expect(entries.length).to.be.above(0)
  expect(entries.filter(({ inFlight }: { inFlight: number }) => inFlight > 1)).to.deep.equal([])
}
