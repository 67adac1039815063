/** A clock that jumps from one event to the next: eight hours of a fleet take seconds. */
export interface Timeline {
  now(): number
  /** Runs something once at an instant that has not passed. */
  at(ms: number, run: () => void): void
  /** Resolves at an instant. */
  until(ms: number): Promise<void>
  /** Goes on to an instant; what each event sets free runs to its end before the next one. */
  runUntil(ms: number): Promise<void>
}

interface Event {
  readonly ms: number
  /** Of two events at one instant the earlier asked for goes first. */
  readonly order: number
  readonly run: () => void
}

export function createTimeline(): Timeline {
  const heap: Event[] = []
  let now = 0
  let order = 0
  const isBefore = (a: Event, b: Event) => a.ms < b.ms || (a.ms === b.ms && a.order < b.order)

  function at(ms: number, run: () => void): void {
    const event = { ms: Math.max(ms, now), order: order++, run }
    let index = heap.push(event) - 1
    for (; index > 0; ) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (!above || !isBefore(event, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  /** The earlier child of an entry, where one is earlier than `event`. */
  function childBefore(event: Event, index: number): number | null {
    const left = 2 * index + 1
    const [a, b] = [heap[left], heap[left + 1]]
    const child = a && b && isBefore(b, a) ? left + 1 : left
    const found = heap[child]
    return found && isBefore(found, event) ? child : null
  }

  function removeFirst(): void {
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let index = 0
    for (let child = childBefore(last, index); child !== null; child = childBefore(last, index)) {
      heap[index] = heap[child] as Event
      index = child
    }
    heap[index] = last
  }

  return {
    now: () => now,
    at,
    until: (ms) => new Promise((resolve) => at(ms, resolve)),
    async runUntil(ms) {
      for (let first = heap[0]; first && first.ms <= ms; first = heap[0]) {
        removeFirst()
        now = first.ms
        first.run()
        await settled()
      }
      now = ms
    },
  }
}

/** Every promise that was set free has been acted upon. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
