import { type Progress, QUEUES, type QueueName, type Startable } from '@bg-ingest/queue'
import { createWatchdog, shutdownPlan } from '@bg-ingest/worker/parts'
import { expect } from 'chai'
import { aClock } from '../../support/clock.ts'

const LIMIT_MS = 120_000

function aWatchdog() {
  const clock = aClock()
  let work: QueueName[] = []
  let away = false
  const here = new Map<QueueName, Partial<Progress[QueueName]>>()
  const look = createWatchdog({
    progress: () =>
      Object.fromEntries(
        QUEUES.map((queue) => [queue, { lastStartedAt: null, running: 0, concurrency: 2, ...here.get(queue) }]),
      ) as unknown as Progress,
    startable: async () => {
      if (away) throw new Error('away')
      return Object.fromEntries(QUEUES.map((queue) => [queue, work.includes(queue)])) as unknown as Startable
    },
    monotonic: clock.monotonic,
    limitMs: LIMIT_MS,
  })
  return {
    /** One look after so much time. */
    async after(ms: number) {
      clock.advance(ms)
      return look()
    },
    waiting(...queues: QueueName[]) {
      work = queues
    },
    redisIs(state: 'away' | 'back') {
      away = state === 'away'
    },
    at: (queue: QueueName, progress: Partial<Progress[QueueName]>) => void here.set(queue, progress),
  }
}

describe('worker: watchdog', () => {
  it('barks when work waits, slots are free and nothing was started for the limit', async () => {
    const dog = aWatchdog()
    dog.waiting('bg-sync')
    expect(await dog.after(0)).to.equal(null)
    expect(await dog.after(LIMIT_MS - 1)).to.equal(null)
    expect(await dog.after(1)).to.equal('bg-sync')
  })

  for (const [what, change] of [
    ['a job was started', (dog) => dog.at('bg-sync', { lastStartedAt: 7 })],
    ['every slot is taken', (dog) => dog.at('bg-sync', { running: 2 })],
    ['Redis was away', (dog) => dog.redisIs('away')],
    ['nothing waited for a moment, or the queue was paused', (dog) => dog.waiting()],
  ] as const satisfies readonly (readonly [string, (dog: ReturnType<typeof aWatchdog>) => void])[])
    it(`begins anew where ${what} meanwhile`, async () => {
      const dog = aWatchdog()
      dog.waiting('bg-sync')
      await dog.after(0)
      change(dog)
      expect(await dog.after(LIMIT_MS - 1)).to.equal(null)
      dog.waiting('bg-sync')
      dog.redisIs('back')
      dog.at('bg-sync', { lastStartedAt: 7, running: 0 })
      expect(await dog.after(1)).to.equal(null)
      expect(await dog.after(LIMIT_MS - 2)).to.equal(null)
      expect(await dog.after(2)).to.equal('bg-sync')
    })

  it('does not take the work of one queue for that of another', async () => {
    const dog = aWatchdog()
    dog.waiting('bg-sync', 'bg-tick')
    await dog.after(0)
    dog.at('bg-sync', { lastStartedAt: 1 })
    await dog.after(LIMIT_MS / 2)
    expect(await dog.after(LIMIT_MS / 2)).to.equal('bg-tick')
  })
})

describe('worker: shutdown plan', () => {
  for (const graceMs of [1_000, 2_000, 5_000, 25_000, 600_000])
    it(`fits into ${graceMs} ms, and leaves time for each part`, () => {
      const { drainMs, releaseMs, closeMs } = shutdownPlan(graceMs)
      expect(drainMs + releaseMs + closeMs).to.be.at.most(graceMs)
      expect([drainMs >= graceMs / 2, releaseMs >= 300, closeMs >= 200]).to.deep.equal([true, true, true])
    })
})
