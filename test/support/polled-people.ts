import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createProducer } from '@bg-ingest/queue'
import { aUser, openQueueBench } from './queue-bench.ts'
import { until } from './until.ts'

/** A poll each second for each of these. */
const PEOPLE = 5
const EVERY_MS = 1_000

export interface PolledPeople {
  /** Two rounds of everybody, from now on, within `ms`; answers how many milliseconds they took. */
  polling(ms: number): Promise<number>
  close(): Promise<void>
}

/** People who are polled over the Redis at an address, with what the fleet's leader does for their schedules. */
export async function openPolledPeople(url: string): Promise<PolledPeople> {
  const bench = await openQueueBench(url)
  // As in a worker, whose commands wait for Redis.
  const producer = createProducer(bench.work, { now: Date.now, newId: randomUUID, prefix: bench.prefix })
  let polls = 0
  let over = false
  bench.consume(
    {
      pollTick: ({ userId }) => producer.requestSync({ userId, trigger: 'poll', requestId: 'r' }),
      syncUser: async () => {
        polls += 1
      },
    },
    { lockDurationMs: 2_000, stalledIntervalMs: 1_000 },
  )
  for (let i = 0; i < PEOPLE; i++) await bench.schedules.upsert(aUser(), EVERY_MS)

  /** A refused command may end a chain of ticks, because the next one was not made. */
  async function revive(): Promise<void> {
    while (!over) {
      const stopped = await bench.schedules.overdue(500, 100).catch(() => [])
      for (const userId of stopped)
        await bench.schedules.repair({ userId, everyMs: EVERY_MS }, 'stopped').catch(() => undefined)
      await delay(500)
    }
  }
  const revivals = revive()
  return {
    async polling(ms) {
      const from = performance.now()
      const wanted = polls + 2 * PEOPLE
      await until('polls go on', () => polls >= wanted, ms)
      return Math.round(performance.now() - from)
    },
    async close() {
      over = true
      await revivals
      await producer.close()
      await bench.close()
    },
  }
}
