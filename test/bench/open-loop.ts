import type { Wire } from './wire.ts'

/** One request: when it was due, how long after that its answer had come, and what that was. */
export interface Answered {
  readonly dueMs: number
  readonly latencyMs: number
  readonly status: number
}

interface Demand {
  readonly perSecond: number
  readonly seconds: number
  /** Answers the status of the n-th request. */
  readonly ask: (n: number) => Promise<number>
}

/** As fine as a timer of Node is; what it is late by counts as latency of the request. */
const GRAIN_MS = 1

/**
 * Sends each request when it is due, whatever became of those before: latency counts from then, so that what waits behind
 * a slow answer is late as well. A lost connection has status 0.
 */
export async function openLoop({ perSecond, seconds, ask }: Demand): Promise<readonly Answered[]> {
  const total = Math.round(perSecond * seconds)
  const beganAt = performance.now()
  const dueOf = (n: number) => (n * 1000) / perSecond
  const running: Promise<Answered>[] = []
  const send = async (n: number): Promise<Answered> => {
    const dueMs = dueOf(n)
    const status = await ask(n).catch(() => 0)
    return { dueMs, latencyMs: performance.now() - beganAt - dueMs, status }
  }
  while (running.length < total) {
    while (running.length < total && dueOf(running.length) <= performance.now() - beganAt)
      running.push(send(running.length))
    await new Promise((resolve) => setTimeout(resolve, GRAIN_MS))
  }
  return Promise.all(running)
}

/** Everybody of a crowd in turn, each on a connection of their own; who is still waiting asks again behind that. */
export function inTurn(wires: readonly Wire[], requests: readonly string[]): (n: number) => Promise<number> {
  const last: Promise<unknown>[] = wires.map(async () => undefined)
  return (n) => {
    const at = n % wires.length
    const asked = (last[at] ?? Promise.resolve()).then(() => wires[at]?.ask(requests[at] ?? '') ?? 0)
    last[at] = asked.catch(() => undefined)
    return asked
  }
}

/** The latency that so many in a hundred do not exceed. */
export function percentile(answered: readonly Pick<Answered, 'latencyMs'>[], percent: number): number {
  const sorted = answered.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
