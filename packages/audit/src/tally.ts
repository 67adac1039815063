import type { AuditEvent } from './entry.ts'

export interface Tally {
  /** False where there is no room; then it has to be drained first. */
  add(event: AuditEvent, member: string): boolean
  /** A record for each kind of thing, in the order in which they began; the tally is empty then. */
  drain(): readonly AuditEvent[]
}

/** Far above what a process sees in a minute. */
const KINDS = 2_000
/** 64 hashes of 16 characters: 1.2 kB. A longer list becomes a further record. */
const MEMBERS = 64

/** Counts things that are alike in action, actor and outcome, and lists whom they concerned. */
export function createTally(): Tally {
  const kinds = new Map<string, { readonly event: AuditEvent; readonly members: string[] }>()
  return {
    add(event, member) {
      const { action, actor, outcome } = event
      const kind = JSON.stringify([action, actor, outcome])
      const known = kinds.get(kind)
      if (known ? known.members.length >= MEMBERS : kinds.size >= KINDS) return false
      if (known) known.members.push(member)
      else kinds.set(kind, { event, members: [member] })
      return true
    },
    drain() {
      const drained = [...kinds.values()].map(({ event, members }) => ({
        ...event,
        count: members.length,
        objects: members,
      }))
      kinds.clear()
      return drained
    },
  }
}
