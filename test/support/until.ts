import { setTimeout as delay } from 'node:timers/promises'

const LOOK_AGAIN_MS = 5

/** Waits until a condition holds, looking every 5 ms; rejects after `ms`. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(LOOK_AGAIN_MS)
  }
}

export interface Gate {
  readonly passed: Promise<void>
  open(): void
}

/** A door that stays shut until opened; for handlers that have to run while a test does something. */
export function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: resolve }
}
