type Close = () => Promise<unknown> | unknown

export interface Owner {
  /** Registers how a resource is closed, at the moment it is opened. */
  own<T>(resource: T, close: (resource: T) => Promise<unknown> | unknown): T
  /** Closes everything once, last opened first. A failing close is told and does not stop the others. */
  close(): Promise<void>
}

/** Keeps what a process has opened, so that it closes in reverse order, also when the start fails half-way. */
export function createOwner(onCloseFailed: (error: unknown) => void): Owner {
  const closers: Close[] = []
  return {
    own(resource, close) {
      closers.push(() => close(resource))
      return resource
    },
    async close() {
      for (const close of closers.splice(0).reverse()) {
        try {
          await close()
        } catch (err) {
          onCloseFailed(err)
        }
      }
    },
  }
}
