import type { ApiConfig } from '@bg-ingest/config'
import { newToken } from '@bg-ingest/security'
import type { FeedReader, ReadingReader } from '@bg-ingest/store/read'
import type { ApiContext } from '../context.ts'
import type { Route } from '../define-route.ts'
import { createPagePlaces } from '../page-places.ts'
import { createRecentReadings } from '../recent-readings.ts'
import { standings } from '../standing.ts'
import { createConnection } from './create-connection.ts'
import { deleteConnection } from './delete-connection.ts'
import { getConnection } from './get-connection.ts'
import { getLatestReading } from './get-latest-reading.ts'
import { getSync } from './get-sync.ts'
import { listChanges } from './list-changes.ts'
import { listReadings } from './list-readings.ts'
import { patchConnection } from './patch-connection.ts'
import { receiveWebhook } from './receive-webhook.ts'
import { requestSync } from './request-sync.ts'

/** What all routes together ask of the context. */
export interface RouteNeeds
  extends Pick<
    ApiContext,
    'readings' | 'accounts' | 'feed' | 'entries' | 'cursors' | 'polls' | 'tickets' | 'hashBody' | 'now'
  > {
  readonly producer: Pick<ApiContext['producer'], 'requestSync' | 'enqueue' | 'acceptWebhook'>
  readonly vault: Pick<ApiContext['vault'], 'seal'>
  readonly metrics: Pick<ApiContext['metrics'], 'webhook' | 'webhookConflict'>
  readonly syncs: Pick<ApiContext['syncs'], 'status' | 'wait'>
  readonly connects: Pick<ApiContext['connects'], 'wait'>
  readonly config: Pick<ApiConfig, 'dexcom' | 'returnTo'>
}

/** Every operation of this API, each with no more of the context than it needs. */
export function createRoutes(context: RouteNeeds): readonly Route[] {
  const { readings, accounts, feed, entries, producer, syncs, polls, cursors, tickets, config, now } = context
  const { vault, hashBody, metrics, connects } = context
  const standingOf = standings({ entries, accounts })
  const places = createPagePlaces()
  const page: ReadingReader['range'] = (query) => readings.range(query)
  const changes: FeedReader['changes'] = (...asked) => feed.changes(...asked)
  const range = places.orRefused(page)
  const recent = createRecentReadings({ readings: { range }, now })
  return [
    getLatestReading({ readings, accounts, entries, polls, now }),
    listReadings({ range, furtherRange: places.inTurn(page), recent, standingOf, cursors, now }),
    listChanges({
      changes: places.orRefused(changes),
      furtherChanges: places.inTurn(changes),
      standingOf,
    }),
    requestSync({ accounts, queue: producer, syncs }),
    getSync({ syncs }),
    receiveWebhook({ accounts, queue: producer, vault, hashBody, metrics }),
    getConnection({ accounts, polls, now }),
    createConnection({
      tickets,
      newToken,
      now,
      regions: config.dexcom.regions,
      redirectUri: config.dexcom.redirectUri,
      returnToOrigins: new Set(config.returnTo.origins),
    }),
    patchConnection({
      accounts,
      polls,
      now,
      queue: { requestConfigure: (request) => producer.enqueue('configureUser', { v: 1, ...request }) },
      jobs: connects,
    }),
    deleteConnection({
      queue: { requestDisconnect: (request) => producer.enqueue('disconnectUser', { v: 1, ...request }) },
    }),
  ]
}
