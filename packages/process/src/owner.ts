import { settledWithin } from './settled-within.ts'

type Close = () => Promise<unknown> | unknown

export interface Owner {
  /** Registers how a resource is closed, at the moment it is opened. */
  own<T>(resource: T, close: (resource: T) => Promise<unknown> | unknown): T
  /**
   * Closes everything once, last opened first. A failing close is told and does not stop the others; once the time for
   * all of them is over, the rest is closed without waiting.
   */
  close(): Promise<void>
}

/** A close that waits for a frozen peer waits for ever. */
const CLOSE_WITHIN_MS = 3_000

/** Keeps what a process has opened, so that it closes in reverse order, also when the start fails half-way. */
export function createOwner(onCloseFailed: (error: unknown) => void, closeWithinMs = CLOSE_WITHIN_MS): Owner {
  const closers: Close[] = []
  return {
    own(resource, close) {
      closers.push(() => close(resource))
      return resource
    },
    async close() {
      const until = performance.now() + closeWithinMs
      for (const close of closers.splice(0).reverse()) {
        const closed = Promise.resolve().then(close).catch(onCloseFailed)
        await settledWithin(closed, until - performance.now())
      }
    },
  }
}
