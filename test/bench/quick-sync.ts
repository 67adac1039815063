import { normaliseRecords } from '@bg-ingest/dexcom'
import { RecordsPage } from '@bg-ingest/dexcom-contract'
import { toInstant } from '@bg-ingest/domain'
import { type Ports, type SyncState, syncUser } from '@bg-ingest/ingest'
import { createSeenDigests } from '@bg-ingest/queue'
import { aConnection, aUserId } from '../support/build.ts'
import { someDigests } from '../support/some-digests.ts'
import { egvPage } from './egv-records.ts'
import { leastCpu } from './least-cpu.ts'
import type { QuickRatio } from './quick-ratio.ts'

const DAY_MS = 86_400_000
const RECORDS = 312
const NEW_READINGS = 3

/** A sync of a page of 26 h of which three readings are new, with stores in memory, of JSON.parse of that page. */
export async function quickSync(): Promise<readonly QuickRatio[]> {
  const fromMs = Date.now() - 2 * DAY_MS
  const pages = Array.from({ length: 60 }, (_, n) => egvPage('account', fromMs, n * NEW_READINGS, RECORDS))
  const person = aPerson()
  let next = 0
  const [first = ''] = pages
  const { parse, sync } = await leastCpu(
    {
      parse: () => JSON.parse(first),
      sync: () => person.sync(pages[next++ % pages.length] ?? first),
    },
    { rounds: 50, times: 8 },
  )
  return [{ name: 'a sync of 26 h with 3 new readings, of JSON.parse', ratio: sync / parse, was: 9 }]
}

/** Stores that keep where a person stands, and nothing else. */
function aPerson() {
  const userId = aUserId('quick')
  const { tokens, ...rest } = aConnection({ userId, dexcomUserId: 'account' })
  const later = toInstant(Date.now() + DAY_MS)
  const connection = { ...rest, tokens: { ...tokens, expiresAt: later, refreshAt: later } }
  let state: SyncState = {
    committedSequence: 0,
    publishedSequence: 0,
    newestAt: null,
    lastAttemptAt: null,
    lastSuccessAt: null,
    completeThrough: null,
    slowRecordsAt: toInstant(Date.now()),
    history: { state: 'complete', from: null, to: null, through: null, readings: 0 },
    reconcile: { at: toInstant(Date.now()), rounds: 1, startedAt: null, from: null, through: null },
  }
  let finishedLeaseId: string | null = null
  let page = ''
  let runs = 0
  const { hash } = createSeenDigests(null as never, { key: new Uint8Array(32) })
  const ports = {
    clock: { now: Date.now, monotonic: () => performance.now() },
    newId: () => `run-${++runs}`,
    vault: { open: async () => 'token' },
    digests: { ...someDigests(), hash },
    publisher: { publishInOrder: async (events: readonly unknown[]) => events.length, state: () => 'connected' },
    observer: { readings: () => undefined, readingLag: () => undefined, unknownValues: () => undefined },
    dexcom: {
      crowded: () => false,
      async fetchReadings() {
        const { records } = RecordsPage.parse(JSON.parse(page))
        const normalised = normaliseRecords('cgm', records, Date.now())
        return { dexcomUserId: 'account', fetched: records.length, ...normalised }
      },
    },
    accounts: {
      takeLease: async () => ({ fence: 1, state, finishedLeaseId }),
      connection: async () => connection,
      rangesAfter: async () => [],
      appendRanges: async () => undefined,
      async finish(_userId: unknown, lease: { id: string }, patch: Partial<SyncState>) {
        state = { ...state, ...patch }
        finishedLeaseId = lease.id
      },
    },
    readings: { between: async () => new Map(), write: async () => undefined, writeAbsent: async () => undefined },
  } as unknown as Ports
  const options = { lookbackMs: DAY_MS, reconcileEveryMs: DAY_MS, retentionDays: 0, vendorDelayMs: () => 0 }
  const { signal } = new AbortController()
  return {
    async sync(body: string) {
      page = body
      await syncUser(ports, options, { userId, trigger: 'poll' }, signal)
    },
  }
}
