import { createLocalShare, createTurnstile } from '@bg-ingest/dexcom/parts'
import { nextPollMs, PRIORITY, UserId } from '@bg-ingest/domain'
import type { Timeline } from './timeline.ts'

/** What one call to Dexcom was for, and how long it waited from the moment that somebody asked. */
export interface Call {
  readonly atMs: number
  readonly user: number
  readonly trigger: 'poll' | 'manual'
  readonly waitedMs: number
}

export interface VirtualFleet {
  readonly calls: Call[]
  /** Somebody asks for a sync by hand. */
  ask(user: number): void
}

interface FleetOptions {
  readonly timeline: Timeline
  readonly users: number
  readonly pollMs: number
  /** From one call of the whole fleet to the next. */
  readonly slotMs: number
  readonly processes: number
  /** Jobs at a time in each process. */
  readonly concurrency: number
}

interface Job {
  readonly user: number
  trigger: 'poll' | 'manual'
  /** Of the most urgent trigger. */
  askedMs: number
}

/** From the request sent to the last byte of the answer. */
const DEXCOM_MS = 300
const HOUR_MS = 3_600_000
/** Calibrations and fingersticks, as syncUser asks for them. */
const SLOW_EVERY_MS = 6 * HOUR_MS
/** An access token is renewed ten minutes before the end of its two hours. */
const RENEW_EVERY_MS = (110 / 60) * HOUR_MS
const TOKEN_PRIORITY = PRIORITY.manual
/** As in packages/dexcom, client.ts: with more than these waiting a manual sync leaves out what can wait. */
const CROWD = 6

/**
 * Workers as the product builds them, under a virtual clock: polls at the product's own phases, one job a person, urgent
 * jobs first, and before every call the product's turnstile in its process, whose slots all processes share in the order
 * of asking, evenly apart, as Bottleneck's minTime deals them out.
 */
export function createVirtualFleet(options: FleetOptions): VirtualFleet {
  const { timeline, users, pollMs, slotMs, processes, concurrency } = options
  const { now } = timeline
  const share = createLocalShare({ minTimeMs: slotMs, now, random: () => 0 })
  share.seen(1)
  const workers = Array.from({ length: processes }, () => ({
    running: 0,
    turnstile: createTurnstile({
      nextSlot: () => timeline.until(now() + share.take()),
      admit: async () => 0,
      pausedMs: () => 0,
    }),
  }))
  type Worker = (typeof workers)[number]
  const calls: Call[] = []
  const lanes = { manual: new Map<number, Job>(), poll: new Map<number, Job>() }
  const active = new Set<number>()
  /** Whom a manual call met running: they are synced once more behind it. */
  const again = new Map<number, number>()
  const slowAt = new Float64Array(users).map((_, user) => -SLOW_EVERY_MS * ((user * 0.618) % 1))
  const renewedAt = new Float64Array(users).map((_, user) => -RENEW_EVERY_MS * ((user * 0.382) % 1))

  async function call(worker: Worker, job: Job, priority: number): Promise<void> {
    const waitsFrom = job.askedMs
    await worker.turnstile.pass(priority, undefined)
    calls.push({ atMs: now(), user: job.user, trigger: job.trigger, waitedMs: now() - waitsFrom })
    job.askedMs = now() + DEXCOM_MS
    await timeline.until(job.askedMs)
  }

  async function run(worker: Worker, job: Job): Promise<void> {
    const { user, trigger } = job
    const priority = PRIORITY[trigger]
    if (now() - Number(renewedAt[user]) >= RENEW_EVERY_MS) {
      await call(worker, job, TOKEN_PRIORITY)
      renewedAt[user] = now()
    }
    await call(worker, job, priority)
    const isDue = now() - Number(slowAt[user]) >= SLOW_EVERY_MS
    const wanted = trigger === 'manual' ? worker.turnstile.waiting() <= CROWD : isDue
    for (let more = wanted ? 2 : 0; more > 0; more -= 1) await call(worker, job, priority)
    if (wanted) slowAt[user] = now()
  }

  function start(worker: Worker, job: Job): void {
    active.add(job.user)
    worker.running += 1
    void run(worker, job).then(() => {
      active.delete(job.user)
      worker.running -= 1
      const askedMs = again.get(job.user)
      if (again.delete(job.user))
        lanes.manual.set(job.user, { user: job.user, trigger: 'manual', askedMs: askedMs ?? now() })
      startWaiting()
    })
  }

  function startWaiting(): void {
    for (;;) {
      const lane = lanes.manual.size > 0 ? lanes.manual : lanes.poll
      const [job] = lane.values()
      const [worker] = workers.filter(({ running }) => running < concurrency).sort((a, b) => a.running - b.running)
      if (!job || !worker) return
      lane.delete(job.user)
      start(worker, job)
    }
  }

  const poll = (user: number, atMs: number): void => {
    timeline.at(atMs, () => {
      poll(user, atMs + pollMs)
      const isThere = active.has(user) || lanes.poll.has(user) || lanes.manual.has(user)
      if (isThere) return
      lanes.poll.set(user, { user, trigger: 'poll', askedMs: atMs })
      startWaiting()
    })
  }
  for (let user = 0; user < users; user += 1) poll(user, nextPollMs(UserId.parse(`user-${user}`), pollMs, 0))

  return {
    calls,
    ask(user) {
      if (active.has(user)) again.set(user, again.get(user) ?? now())
      else if (!lanes.manual.has(user)) {
        lanes.poll.delete(user)
        lanes.manual.set(user, { user, trigger: 'manual', askedMs: now() })
        startWaiting()
      }
    },
  }
}
