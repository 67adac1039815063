import { readFileSync } from 'node:fs'
import { type AppName, type AppProcess, spawnApp } from './e2e-process.ts'

/** What a process is to do to itself, and where. */
export interface KillOrder {
  /** One of packages/ingest/src/steps.ts, `webhook-received` or `webhook-answering`. */
  readonly step: string
  /** At which passage of the step, counted over the whole process, or in one flow from its `since` on; the first unless told. */
  readonly passage?: number
  readonly since?: string
  /** SIGKILL unless told otherwise. */
  readonly deed?: 'kill' | 'stop' | 'block' | 'throw' | 'reject'
  /** Inside the step unless told; `next`: when the call behind it has begun and is not sent; or so many milliseconds later. */
  readonly when?: 'now' | 'next' | number
  readonly blockMs?: number
}

/** A process that carries an order. */
export interface ArmedProcess extends AppProcess {
  readonly order: KillOrder
  hasReached(): boolean
}

/** As kill-at-step.ts writes it. */
const REACHED = 'order reached:'
const PRELOAD = new URL('kill-at-step.ts', import.meta.url).href

export const orderVariables = (order: KillOrder): Record<string, string> => ({
  NODE_OPTIONS: `--import ${PRELOAD}`,
  BG_KILL_STEP: order.step,
  BG_KILL_PASSAGE: String(order.passage ?? 1),
  BG_KILL_DEED: order.deed ?? 'kill',
  BG_KILL_WHEN: String(order.when ?? 'now'),
  BG_KILL_BLOCK_MS: String(order.blockMs ?? 0),
  ...(order.since ? { BG_KILL_SINCE: order.since } : {}),
})

/** Starts a process with an order, on a free port. It may come to its order before it is ready, so nobody waits for that. */
export function spawnArmed(app: AppName, variables: Readonly<Record<string, string>>, order: KillOrder): ArmedProcess {
  const orders = orderVariables(order)
  // Beside what the process is to load anyway.
  const NODE_OPTIONS = [variables.NODE_OPTIONS, orders.NODE_OPTIONS].filter(Boolean).join(' ')
  const started = spawnApp(app, { ...variables, PORT: '0', WORKER_PORT: '0', ...orders, NODE_OPTIONS })
  let looked = 0
  let reached = false
  return {
    ...started,
    order,
    hasReached() {
      const text = started.output()
      // Only at what is new: this is asked 200 times a second.
      reached ||= text.includes(REACHED, Math.max(0, looked - REACHED.length))
      looked = text.length
      return reached
    },
  }
}

/** Whether SIGSTOP has taken hold, as Linux tells. */
export function isStopped(pid: number): boolean {
  // The name, in brackets, may hold anything; the state is the first letter behind it.
  return /\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}
