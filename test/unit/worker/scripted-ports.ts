import { AppError, readingKey, type StoredReading, type UserId } from '@bg-ingest/domain'
import type { AccountStore, Connection, Ports, ReadingStore, SyncState } from '@bg-ingest/ingest'
import { aClock } from '../../support/clock.ts'
import { recordingPublisher } from '../../support/recording-publisher.ts'
import { scriptedDexcom } from '../../support/scripted-dexcom.ts'

const NEW: SyncState = {
  committedSequence: 0,
  publishedSequence: 0,
  newestAt: null,
  lastAttemptAt: null,
  lastSuccessAt: null,
  completeThrough: null,
  slowRecordsAt: null,
  history: { state: 'none', from: null, to: null, through: null, readings: 0 },
  reconcile: { at: null, rounds: 0, startedAt: null, from: null, through: null },
}

/** One person's accounts and readings in memory, as far as the flows behind the handlers look at them. */
function aStore() {
  let state = NEW
  let connection: Connection | null = null
  let ranges: Awaited<ReturnType<AccountStore['rangesAfter']>> = []
  const stored = new Map<string, StoredReading>()
  const store = {
    /** Another run holds the person. */
    taken: false,
    erased: [] as string[],
    /** What the registry was told last; undefined before. */
    registered: undefined as Connection | null | undefined,
    connection: () => connection,
    state: () => state,
    stored: () => [...stored.values()],
    connect(now: Connection) {
      connection = now
    },
    move(patch: Partial<SyncState>) {
      state = { ...state, ...patch }
    },
  }
  const keep = (readings: readonly StoredReading[]) => {
    for (const reading of readings) stored.set(readingKey(reading), reading)
  }
  const accounts: AccountStore = {
    takeLease: async () => (store.taken ? null : { fence: 1, state }),
    renewLease: async () => true,
    finish: async (_userId, _lease, patch) => store.move(patch),
    connection: async () => connection,
    createConnection: async (now) => store.connect(now),
    putConnection: async (now) => store.connect(now),
    register: async (_userId, now) => {
      store.registered = now
    },
    appendRanges: async (_userId, _lease, more) => {
      ranges = [...ranges, ...more]
    },
    rangesAfter: async (_userId, sequence, limit) => ranges.filter(({ first }) => first > sequence).slice(0, limit),
    eraseLog: async () => void store.erased.push('log'),
    countLog: async () => ranges.length,
    reexpireLog: async () => null,
    entomb: async (_userId, _lease, erasure) => {
      store.erased.push('state')
      connection = null
      state = { ...NEW, erasure }
    },
  }
  const readings: ReadingStore = {
    between: async (_userId, { fromMs, toMs }) =>
      new Map(
        [...stored.values()]
          .filter(({ timestamp }) => Date.parse(timestamp) >= fromMs && Date.parse(timestamp) < toMs)
          .map((reading) => [readingKey(reading), reading]),
      ),
    byKeys: async () => new Map([...stored.values()].map((reading) => [readingKey(reading), reading])),
    write: async (_lease, more) => keep(more),
    seal: async () => undefined,
    writeAbsent: async (_lease, more) => keep(more),
    count: async () => stored.size,
    reexpire: async () => null,
    eraseAll: async () => {
      store.erased.push('readings')
      const count = stored.size
      stored.clear()
      return count
    },
  }
  return { store, accounts, readings }
}

/** Vault that hides nothing but knows whose secret it is, and which. */
const vault: Ports['vault'] = {
  seal: async (userId, field, plain) => `${userId}|${field}|${plain}`,
  open: async (userId: UserId, field, sealed) => {
    if (!sealed.startsWith(`${userId}|${field}|`)) throw new AppError('token_unreadable', 'sealed for something else')
    return sealed.slice(userId.length + field.length + 2)
  },
}

/** The ports of a worker over one person in memory, a scripted Dexcom, and a broker that can refuse. */
export function scriptedPorts() {
  const { store, accounts, readings } = aStore()
  const clock = aClock()
  const dexcom = scriptedDexcom()
  const publisher = recordingPublisher()
  let ids = 0
  const ports: Ports = {
    accounts,
    readings,
    dexcom,
    vault,
    publisher,
    observer: {
      readings: () => undefined,
      vanished: () => undefined,
      readingLag: () => undefined,
      unknownValues: () => undefined,
      tokenRefresh: () => undefined,
      connectionProblem: () => undefined,
    },
    clock,
    pause: async (ms) => clock.advance(ms),
    newId: () => {
      ids += 1
      return `id-${ids}`
    },
  }
  return { ports, store, clock, dexcom, publisher }
}
