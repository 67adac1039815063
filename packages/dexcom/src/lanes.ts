/** Who waits, by urgency, and who is next. */
export interface Lanes<T> {
  readonly size: number
  /** `priority` as the queue has it: manual 1, webhook 2, poll 10, history 100. */
  add(priority: number, waiter: T): void
  /** Takes one out, wherever it waits; false where it does not. */
  remove(waiter: T): boolean
  next(): T | undefined
  drain(): readonly T[]
}

/**
 * Shares of the budget while every lane has somebody waiting: manual and tokens 31 %, webhook 15 %, poll 46 %, history
 * 8 %. Polls and history alone: 86 % and 14 %. Nobody starves, and a storm of manual syncs leaves the polls their half.
 * `ahead`: how many calls go before all others after a rest. Fifty people who wait after a restart are served at the
 * full pace, in 4 s at the default budget; a storm that lasts falls back to its share.
 */
const WEIGHTS = [
  { upTo: 1, weight: 8, ahead: 60 },
  { upTo: 2, weight: 4, ahead: 0 },
  { upTo: 10, weight: 12, ahead: 0 },
  { upTo: Number.POSITIVE_INFINITY, weight: 2, ahead: 0 },
] as const

interface Lane<T> {
  readonly upTo: number
  readonly weight: number
  readonly ahead: number
  readonly waiting: Set<T>
  /** How much of its share it has used, as a time of the line's own; the lowest goes next. */
  used: number
}

/**
 * Weighted turns (stride scheduling). A lane that was empty joins at the present time of the line, so one that has rested
 * has saved up no more than it may go ahead, and wins ties by urgency: a single manual call goes before everything that waits.
 */
export function createLanes<T>(): Lanes<T> {
  const lanes = WEIGHTS.map((rule): Lane<T> => ({ ...rule, waiting: new Set(), used: -rule.ahead / rule.weight }))
  let time = 0
  const size = () => lanes.reduce((sum, { waiting }) => sum + waiting.size, 0)
  return {
    get size() {
      return size()
    },
    add(priority, waiter) {
      const lane = lanes.find(({ upTo }) => priority <= upTo)
      if (!lane) throw new RangeError('a priority is a number')
      if (lane.waiting.size === 0) lane.used = Math.max(lane.used, time - lane.ahead / lane.weight)
      lane.waiting.add(waiter)
    },
    remove: (waiter) => lanes.some(({ waiting }) => waiting.delete(waiter)),
    next() {
      const [lane] = lanes.filter(({ waiting }) => waiting.size > 0).sort((a, b) => a.used - b.used)
      const [waiter] = lane?.waiting ?? []
      if (!lane || waiter === undefined) return undefined
      lane.waiting.delete(waiter)
      time = Math.max(time, lane.used)
      lane.used += 1 / lane.weight
      return waiter
    },
    drain() {
      const all = lanes.flatMap(({ waiting }) => [...waiting])
      for (const { waiting } of lanes) waiting.clear()
      return all
    },
  }
}
