import type { AuditTrail } from '@bg-ingest/audit'
import type { UserId } from '@bg-ingest/domain'
import type { Observer, Ports } from '@bg-ingest/ingest'
import type { JobHandlers, JobProducer } from '@bg-ingest/queue'
import { createLogContext, type Logger, withContext } from '@bg-ingest/telemetry'
import { auditAccounts } from './audit-accounts.ts'
import { logDexcom, logPublisher } from './log-calls.ts'
import { traceHandlers } from './trace-handlers.ts'

export interface TracingNeeds {
  readonly trail: AuditTrail
  readonly logger: Logger
  readonly hashUser: (userId: UserId) => string
  /** Who acts where this process writes: `worker`, or `operator` for a command. */
  readonly actor: string
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number
}

/** Wraps the parts of a worker so that lines and audit records of a job say for whom and for which request it runs. */
export interface Tracing {
  handlers(handlers: JobHandlers): JobHandlers
  ports(ports: Ports): Ports
  /** Jobs that a job asks for carry its request on. */
  producer(producer: JobProducer): JobProducer
  observer(observer: Observer): Observer
}

export function createTracing(needs: TracingNeeds): Tracing {
  const { trail, hashUser, actor, monotonic } = needs
  const context = createLogContext()
  const logger = withContext(needs.logger, context)
  const idsHere = () => {
    const { requestId, jobId } = context.fields()
    return {
      ...(typeof requestId === 'string' ? { requestId } : {}),
      ...(typeof jobId === 'string' ? { jobId } : {}),
    }
  }
  const audit = { trail, idsHere, hashUser, actor }
  return {
    handlers: (handlers) => traceHandlers(handlers, { ...audit, context, logger, monotonic }),
    ports: (ports) => ({
      ...ports,
      accounts: auditAccounts(ports.accounts, audit),
      dexcom: logDexcom(ports.dexcom, logger, monotonic),
      publisher: logPublisher(ports.publisher, logger),
    }),
    producer: (producer) => ({
      ...producer,
      enqueue: (key, input, options) => producer.enqueue(key, { ...requestHere(idsHere()), ...input }, options),
    }),
    observer: (observer) => ({
      ...observer,
      tokenRefresh(outcome) {
        observer.tokenRefresh(outcome)
        const { user } = context.fields()
        const about = typeof user === 'string' ? { object: user } : {}
        trail.record({ action: 'token.refreshed', actor, outcome, ...about, ...idsHere() })
      },
    }),
  }
}

const requestHere = ({ requestId }: { readonly requestId?: string }) => (requestId === undefined ? {} : { requestId })
