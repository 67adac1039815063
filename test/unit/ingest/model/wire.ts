import { AppError } from '@bg-ingest/domain'
import type { Ports } from '@bg-ingest/ingest'
import type { Wire } from './memory-store.ts'

interface Pending {
  readonly name: string
  readonly call: () => unknown
  readonly beforeTry: (() => void) | undefined
  readonly settle: (run: () => unknown) => void
}

/** One process: its calls wait here until somebody lets them land. Dead, its answers reach nobody. */
export interface Process {
  readonly wire: Wire
  readonly clock: Ports['clock']
  readonly pending: readonly Pending[]
  frozen: boolean
  dead: boolean
  /** Lets the next call land and answers it; a frozen process hears of it when it wakes. */
  deliver(): void
  /** The next call lands, its answer is lost: it is tried again. */
  lose(): void
  /** The next call is tried again while its first try is still on its way, and lands at any time. */
  haunt(): void
  /** The next call fails; nobody has done anything. */
  refuse(): void
  crash(): void
  wake(): void
}

/** Time, and what is on its way when nobody waits for it any more. */
export interface Ether {
  readonly ghosts: (() => void)[]
  now(): number
  /** Moves time on and runs what was due in the processes that run. */
  advance(ms: number): void
  process(): Process
}

export const START_MS = Date.parse('2026-11-20T12:00:00Z')

export function anEther(): Ether {
  let passed = 0
  const ghosts: (() => void)[] = []
  const timers = new Set<{ readonly at: number; readonly owner: Process; readonly run: () => void }>()

  const runTimers = () => {
    const due = [...timers].filter(({ at, owner }) => at <= passed && !owner.frozen).sort((a, b) => a.at - b.at)
    for (const timer of due) {
      timers.delete(timer)
      if (!timer.owner.dead) timer.run()
    }
  }

  function process(): Process {
    const pending: Pending[] = []
    const inbox: (() => void)[] = []
    const answer = (to: Pending, run: () => unknown) => {
      if (self.dead) return
      if (self.frozen) inbox.push(() => to.settle(run))
      else to.settle(run)
    }
    const self: Process = {
      pending,
      frozen: false,
      dead: false,
      wire: (name, call, beforeTry) =>
        new Promise((resolve, reject) => {
          const settle = (run: () => unknown) => {
            try {
              resolve(run() as never)
            } catch (err) {
              reject(err)
            }
          }
          try {
            beforeTry?.()
            pending.push({ name, call, beforeTry, settle })
          } catch (err) {
            reject(err)
          }
        }),
      clock: {
        now: () => START_MS + passed,
        monotonic: () => passed,
        later(ms, run) {
          const timer = { at: passed + ms, owner: self, run }
          timers.add(timer)
          return () => timers.delete(timer)
        },
      },
      deliver() {
        const next = pending.shift()
        if (next) answer(next, landed(next.call))
      },
      lose() {
        const [next] = pending
        if (!next || next.name === 'publish') return self.refuse()
        landed(next.call)
        tryAgain(next)
      },
      haunt() {
        const [next] = pending
        if (!next) return
        ghosts.push(next.call)
        tryAgain(next)
      },
      refuse() {
        const next = pending.shift()
        if (next) answer(next, () => failed(next))
      },
      crash() {
        self.dead = true
        for (const { call } of pending.splice(0)) ghosts.push(call)
      },
      wake() {
        self.frozen = false
        for (const hear of inbox.splice(0)) hear()
        runTimers()
      },
    }
    const tryAgain = (next: Pending) => {
      if (self.frozen) return
      try {
        next.beforeTry?.()
      } catch (err) {
        pending.shift()
        next.settle(() => {
          throw err
        })
      }
    }
    return self
  }

  return {
    ghosts,
    now: () => START_MS + passed,
    advance(ms) {
      passed += ms
      runTimers()
    },
    process,
  }
}

/** Carries a call out now; its result, be it an error, is for whoever hears of it. */
function landed(call: () => unknown): () => unknown {
  try {
    const result = call()
    return () => result
  } catch (err) {
    return () => {
      throw err
    }
  }
}

function failed({ name }: Pending): unknown {
  // The publisher never throws: it answers how much was taken.
  if (name === 'publish') return 0
  throw new AppError('service_unavailable', 'refused')
}
