import { setTimeout as delay } from 'node:timers/promises'
import { type HeldWrites, holdWrites } from './kill-held-write.ts'
import type { ArmedProcess } from './kill-order.ts'
import { isStopped } from './kill-order.ts'
import type { KillStage } from './kill-stage.ts'
import type { Watched } from './oracle-evidence.ts'
import { until } from './until.ts'

/** A worker that stands still in the middle of a person's sync. */
export interface Frozen {
  readonly worker: ArmedProcess
  readonly victim: Watched
  /** Where its puts are kept. */
  readonly wire?: HeldWrites
  readonly since: number
}

/** Twice the lease. */
const FROZEN_MS = 30_000
const WITHIN_MS = 10_000
/** A poll that lives gives its lease back sooner. */
const HELD_MS = 2_000

/** Freezes a worker behind the check of a put: it wakes with a write that nothing stops any more but the fence. */
export async function freezeInTheMiddle(stage: KillStage): Promise<Frozen> {
  const worker = stage.arm({ step: 'writing', since: 'claimed', deed: 'stop', when: 'next' })
  await stage.reached(worker)
  await until('the worker stands still', () => isStopped(worker.pid))
  const since = performance.now()
  const victim = await holderOf(stage)
  stage.note(`worker ${worker.pid} frozen in a sync of ${victim.account}`)
  return { worker, victim, since }
}

/** Freezes a worker with a put on the wire that has not landed: only the fence stands between it and the table then. */
export async function freezeBehindPut(stage: KillStage): Promise<Frozen> {
  const { DYNAMODB_ENDPOINT = '', DYNAMODB_TABLE = '' } = stage.system.variables
  const wire = await holdWrites(DYNAMODB_ENDPOINT, DYNAMODB_TABLE)
  // An order that is never reached: it only has to be a worker of its own.
  const worker = stage.arm({ step: 'none' }, { DYNAMODB_ENDPOINT: wire.url })
  await stage.reached({ ...worker, hasReached: () => wire.userId() !== null })
  worker.kill('SIGSTOP')
  await until('the worker stands still', () => isStopped(worker.pid))
  const victim = stage.people.find(({ person }) => person.userId === wire.userId())
  if (!victim) throw new Error('nobody is held')
  stage.note(`worker ${worker.pid} frozen behind a put of ${victim.account}`)
  return { worker, victim, wire, since: performance.now() }
}

/** Wakes it, not before twice the lease. */
export async function thaw(stage: KillStage, { worker, since, victim, wire }: Frozen): Promise<void> {
  await delay(Math.max(0, since + FROZEN_MS - performance.now()))
  if (wire) stage.note(`${await wire.release()} puts of it land`)
  worker.kill('SIGCONT')
  stage.note(`worker ${worker.pid} (${victim.account}) goes on`)
}

/** Whose lease is not given back. */
async function holderOf(stage: KillStage): Promise<Watched> {
  const open = stage.people
  const seen = new Map<Watched, { readonly lease: unknown; readonly at: number }>()
  let holder: Watched | undefined
  await until(
    'somebody is held by the frozen worker',
    async () => {
      const now = performance.now()
      const leases = await Promise.all(open.map(({ person }) => stage.state(person).then(({ leaseId }) => leaseId)))
      for (const [i, watched] of open.entries())
        if (seen.get(watched)?.lease !== leases[i]) seen.set(watched, { lease: leases[i], at: now })
      holder = open.find((watched) => {
        const known = seen.get(watched)
        return known?.lease !== undefined && now - known.at > HELD_MS
      })
      return holder !== undefined
    },
    WITHIN_MS,
  )
  if (!holder) throw new Error('nobody is held')
  return holder
}
