import type { AuditEvent } from './entry.ts'

/** What is counted of one thing that happened. */
export interface Amount {
  /** Keyed hash of the person, where one record is to stand for several people. */
  readonly member?: string
  /** Added up over all that one record stands for. */
  readonly sums?: Readonly<Record<string, number>>
}

export interface Tallied extends AuditEvent {
  readonly count: number
  readonly objects?: readonly string[]
}

export interface Tally {
  /** False where there is no room for another kind of thing; then it has to be drained first. */
  add(event: AuditEvent, amount?: Amount): boolean
  /** A record for each kind of thing, in the order in which they began; the tally is empty then. */
  drain(): readonly Tallied[]
}

interface Counted {
  readonly event: AuditEvent
  count: number
  readonly members: string[]
  readonly sums: Map<string, number>
}

/** Far above what a process sees in a minute; a caller who invents names fills no memory. */
const KINDS = 2_000
/** 64 hashes of 16 characters: 1.2 kB. A longer list becomes a further record. */
const MEMBERS = 64

/** Counts things that are alike in action, actor, outcome and object. */
export function createTally(): Tally {
  const kinds = new Map<string, Counted>()
  return {
    add(event, { member, sums = {} } = {}) {
      const { action, actor, outcome, object = '' } = event
      const kind = JSON.stringify([action, actor, outcome, object])
      const known = kinds.get(kind)
      if (known ? member !== undefined && known.members.length >= MEMBERS : kinds.size >= KINDS) return false
      const counted: Counted = known ?? { event, count: 0, members: [], sums: new Map() }
      kinds.set(kind, counted)
      counted.count += 1
      if (member !== undefined) counted.members.push(member)
      for (const [name, more] of Object.entries(sums)) counted.sums.set(name, (counted.sums.get(name) ?? 0) + more)
      return true
    },
    drain() {
      const drained = [...kinds.values()].map(({ event, count, members, sums }) => ({
        ...event,
        count,
        ...(members.length > 0 ? { objects: members } : {}),
        ...(sums.size > 0 ? { facts: { ...event.facts, ...Object.fromEntries(sums) } } : {}),
      }))
      kinds.clear()
      return drained
    },
  }
}
