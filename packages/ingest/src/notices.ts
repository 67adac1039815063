import { serviceEvent } from '@bg-ingest/domain'
import type { Connection, Notice } from './connection.ts'
import type { OutgoingEvent } from './ports.ts'

/** What a connection's notices tell the world, oldest first; the same notice always under the same id. */
export const waitingNotices = ({ userId, notices }: Connection): OutgoingEvent[] =>
  notices.map(({ id, routingKey, region, at, reason }) => {
    if (routingKey === 'sync.failed') return failedSync(userId, { jobId: id, code: reason ?? 'internal_error', at })
    const data = { userId, region, at, ...(reason === null ? {} : { reason }) }
    return { routingKey, event: serviceEvent({ routingKey, time: at, identity: id, data }) }
  })

export type FailedSync = Pick<Notice, 'at'> & { readonly jobId: string; readonly code: string }

/** Once a sync has given up; told twice it has the same id. */
export function failedSync(userId: Connection['userId'], failed: FailedSync): OutgoingEvent<'sync.failed'> {
  const { jobId, code, at } = failed
  const data = { userId, jobId, code, at }
  return {
    routingKey: 'sync.failed',
    event: serviceEvent({ routingKey: 'sync.failed', time: at, identity: jobId, data }),
  }
}

/**
 * A day of polls that fail every quarter of an hour while the broker is away. The notices lie in the connection's item,
 * which DynamoDB bounds at 400 KB; these take 15 KB of it.
 */
const FAILURES_KEPT = 100

/** Adds a failed sync to what waits for the broker. Of very many the newest are kept; nothing else is ever dropped. */
export function withFailedSync(connection: Connection, { jobId, code, at }: FailedSync): Connection {
  const { region, notices } = connection
  if (notices.some(({ id }) => id === jobId)) return connection
  const failures = notices.filter(({ routingKey }) => routingKey === 'sync.failed').length
  const oldest = notices.find(({ routingKey }) => routingKey === 'sync.failed')
  const kept = failures < FAILURES_KEPT ? notices : notices.filter((notice) => notice !== oldest)
  return { ...connection, notices: [...kept, { id: jobId, routingKey: 'sync.failed', region, at, reason: code }] }
}
