import { UserId } from '@bg-ingest/domain'
import type { JobContext } from '@bg-ingest/queue'
import { createHandlers, type HandlerNeeds } from '@bg-ingest/worker/parts'
import { GOOD_CODE } from '../../support/scripted-dexcom.ts'
import { scriptedPorts } from './scripted-ports.ts'

export const ALICE = UserId.parse('alice')

/** Real handlers and flows over scripted ports; `did` has, in order, what they asked of queue and schedules. */
export function aWorker(over: Partial<HandlerNeeds> = {}) {
  const scripted = scriptedPorts()
  const did: string[] = []
  const processed: number[] = []
  const finished: Parameters<HandlerNeeds['metrics']['syncFinished']>[0][] = []
  const context: JobContext = {
    jobId: 'job_0',
    askedAt: scripted.clock.now(),
    attempt: 1,
    attemptsStarted: 1,
    signal: new AbortController().signal,
  }
  const handlers = createHandlers({
    ports: scripted.ports,
    producer: {
      async requestSync({ trigger, requestId, range }) {
        did.push(`sync ${trigger} ${requestId}${range ? ' of a range' : ''}`)
        return { jobId: 'job_1', attached: false }
      },
      acceptWebhook: () => Promise.reject(new Error('workers accept no webhooks')),
      async enqueue(key, input) {
        did.push(`enqueue ${key} v${input.v} ${input.userId}`)
        return { jobId: 'job_1' }
      },
      close: async () => undefined,
    },
    schedules: {
      upsert: async (_userId, everyMs) => void did.push(`poll every ${everyMs}`),
      remove: async () => void did.push('poll no more'),
    },
    metrics: {
      syncFinished: (sync) => void finished.push(sync),
      webhookProcessed: (seconds) => void processed.push(seconds),
    },
    sync: {
      lookbackMs: 26 * 3_600_000,
      reconcileEveryMs: 24 * 3_600_000,
      retentionDays: 0,
      vendorDelayMs: () => 3_600_000,
    },
    history: { retentionDays: 0, stopping: () => false },
    pollIntervalMs: 900_000,
    publishing: true,
    examine: async () => undefined,
    forgetJobs: async () => {
      did.push('forget jobs')
      return { jobs: 0, keys: 0 }
    },
    concludeErasure: async (_userId, { readings, told }) =>
      void did.push(`receipt: ${readings} readings, ${told ? 'told' : 'not told'}`),
    ...over,
  })
  const connect = () =>
    handlers.connectUser(
      { v: 1, userId: ALICE, region: 'default', sealedCode: `alice|oauth_code|${GOOD_CODE}`, requestId: 'req-1' },
      context,
    )
  const sync = (trigger: 'manual' | 'webhook' | 'poll' = 'poll') =>
    handlers.syncUser({ v: 1, userId: ALICE, trigger, requestId: 'req-1' }, context)
  const push = (sealed: string | null) =>
    handlers.ingestPush({ v: 1, userId: ALICE, sealed, digest: 'd', requestId: 'req-1' }, context)
  const importHistory = () => handlers.importHistory({ v: 1, userId: ALICE }, context)
  const disconnect = (erase = false) =>
    handlers.disconnectUser({ v: 1, userId: ALICE, erase, requestId: 'req-1' }, context)
  const configure = (change: { readonly pollIntervalSeconds?: number; readonly paused?: boolean }) =>
    handlers.configureUser({ v: 1, userId: ALICE, requestId: 'req-1', ...change }, context)
  const publish = (attempt = context.attempt) =>
    handlers.publishChanges({ v: 1, userId: ALICE }, { ...context, attempt })
  const tick = () => handlers.pollTick({ v: 1, userId: ALICE }, context)
  /** What was done since the last look. */
  const done = () => did.splice(0)
  return {
    ...scripted,
    finished,
    processed,
    connect,
    sync,
    push,
    importHistory,
    disconnect,
    configure,
    publish,
    tick,
    done,
  }
}

export const HISTORY = 'enqueue importHistory v1 alice'
export const PUBLISH = 'enqueue publishChanges v1 alice'

/** A worker whose person is connected, and has nothing else to do. */
export async function connected(over: Parameters<typeof aWorker>[0] = {}) {
  const worker = aWorker(over)
  await worker.connect()
  await worker.importHistory()
  worker.done()
  return worker
}
