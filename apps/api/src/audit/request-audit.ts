import type { AuditEvent, AuditTrail } from '@bg-ingest/audit'
import type { Caller } from '@bg-ingest/security'

/** A request as it goes on record. People appear in clear here, and as keyed hashes on record. */
export interface SeenRequest {
  /** Method and route pattern, or what an operator did. */
  readonly action: string
  readonly status: number
  readonly requestId: string
  readonly caller: Caller | null
  /** Of a webhook that has proved where it comes from. */
  readonly sender: string | null
  readonly isOperator: boolean
  /** Whose data it was about; null where it was about nobody's. */
  readonly userId: string | null
  /** Readings in the answer, as far as they are counted. */
  readonly readings: number
  readonly facts?: AuditEvent['facts']
}

export interface RequestAudit {
  /** On record when it returns. */
  record(request: SeenRequest): void
  /** Counts it with its like: same caller, person, action and outcome. On record within 5 s. */
  count(request: SeenRequest): void
  /** Puts what is counted on record, and counts no longer. */
  close(): void
}

interface Needs {
  readonly trail: Pick<AuditTrail, 'record'>
  readonly hashUser: (id: string) => string
}

const SETTLE_MS = 5_000
/** Counted apart at a time: some megabytes. */
const KINDS = 5_000

interface Counted {
  readonly request: SeenRequest
  count: number
  readings: number
}

/**
 * What callers do, in the trail of this API. Reads are counted, since who reads and how much is what somebody will ask, and
 * one record each would cost more than the read; hashes are made when they go on record, not with each request.
 */
export function createRequestAudit({ trail, hashUser }: Needs): RequestAudit {
  const counted = new Map<string, Counted>()

  const eventOf = (request: SeenRequest): AuditEvent => ({
    action: request.action,
    actor: actorOf(request, hashUser),
    outcome: String(request.status),
    ...(request.userId === null ? {} : { object: hashUser(request.userId) }),
    ...(request.facts ? { facts: request.facts } : {}),
  })

  const settle = () => {
    for (const { request, count, readings } of counted.values())
      trail.record({ ...eventOf(request), count, ...(readings > 0 ? { facts: { readings } } : {}) })
    counted.clear()
  }
  const settling = setInterval(settle, SETTLE_MS).unref()

  return {
    record: (request) => trail.record({ ...eventOf(request), requestId: request.requestId }),
    count(request) {
      const { caller, userId, action, status } = request
      const kind = `${caller?.sub}\n${userId}\n${action}\n${status}`
      if (counted.size >= KINDS && !counted.has(kind)) settle()
      const known = counted.get(kind) ?? { request, count: 0, readings: 0 }
      known.count += 1
      known.readings += request.readings
      counted.set(kind, known)
    },
    close() {
      clearInterval(settling)
      settle()
    },
  }
}

function actorOf({ caller, sender, isOperator, userId }: SeenRequest, hashUser: Needs['hashUser']): string {
  if (isOperator) return 'operator'
  if (sender !== null) return `sender:${hashUser(sender)}`
  if (caller === null) return 'anonymous'
  if (caller.anyUser) return `service:${hashUser(caller.sub)}`
  return `${caller.sub === userId ? 'person' : 'other'}:${hashUser(caller.sub)}`
}
