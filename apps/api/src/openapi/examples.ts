import { ERROR_CODES, type ErrorCode, PublicReading } from '@bg-ingest/domain'
import { csvLine } from '../formats/csv.ts'
import { readingColumns } from '../formats/reading-columns.ts'

const userId = 'alice'
const reading = {
  id: 'O5S1-VvUx5jdDlAnZSSbCW',
  userId,
  timestamp: '2026-11-20T14:49:55.000Z',
  localTime: '2026-11-20T09:49:55-05:00',
  glucose: 101,
  unit: 'mg/dL',
  bound: null,
  trend: 'flat',
  trendRate: 0.3,
  type: 'cgm',
  device: { transmitterId: '9a0c5f', generation: 'g7', display: 'iOS', app: 'G7' },
  sequence: 1234,
  revision: 1,
  receivedAt: '2026-11-20T15:52:01.120Z',
} as const
const freshness = {
  state: 'current',
  ageSeconds: 4210,
  vendorDelaySeconds: 3600,
  expectedNextAt: '2026-11-20T16:05:00.000Z',
} as const
const jobId = '9ced16fb-246a-4142-9caf-60e23fb95ede_0'

/** An answer of every kind, by the id of its schema. A test parses each by its own schema. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  LatestReading: { ...reading, freshness },
  ReadingPage: {
    userId,
    from: '2026-11-19T15:00:00.000Z',
    to: '2026-11-20T15:00:00.000Z',
    unit: 'mg/dL',
    readings: [reading],
    next: '-DSW9LGtmiLzqRc8',
    completeThrough: '2026-11-20T14:51:00.000Z',
  },
  ChangePage: {
    userId,
    after: 1233,
    through: 1234,
    latestSequence: 1234,
    more: false,
    changes: [{ sequence: 1234, kind: 'created', reading }],
  },
  SyncStatus: {
    jobId,
    userId,
    status: 'completed',
    trigger: 'manual',
    attached: false,
    result: {
      from: '2026-11-19T12:47:07.000Z',
      to: '2026-11-20T15:52:01.120Z',
      fetched: 315,
      stored: 1,
      updated: 0,
      unchanged: 314,
      rejected: 0,
      durationMs: 232,
    },
    error: null,
  },
  AcceptedWebhook: { accepted: true, duplicate: false, jobId },
  Authorization: {
    authorizationUrl: 'https://bg.example.com/oauth/start/4kGaNcwO4SUBSo6q9VIkV9WTHMuAMGoIUzX6RTI43CM',
    expiresAt: '2026-11-20T16:02:00.000Z',
  },
  Connection: {
    userId,
    status: 'connected',
    region: 'default',
    connectedAt: '2026-11-20T12:51:49.495Z',
    lastAttemptAt: '2026-11-20T15:52:00.749Z',
    lastSuccessAt: '2026-11-20T15:52:00.749Z',
    latestReadingAt: '2026-11-20T14:49:55.000Z',
    nextPollAt: '2026-11-20T16:05:00.000Z',
    pollIntervalSeconds: 900,
    paused: false,
    history: {
      state: 'complete',
      from: '2026-08-22T12:52:07.000Z',
      through: '2026-08-22T12:52:07.000Z',
      percent: 100,
      readings: 24_326,
    },
    problem: null,
  },
  DisconnectAccepted: { jobId, userId, status: 'queued' },
}

/** The same reading as rows. */
export const ROW_EXAMPLES = {
  'text/csv': `${csvLine(readingColumns.map(({ name }) => name))}${csvLine(
    readingColumns.map(({ of }) => of(PublicReading.parse(reading))),
  )}`,
  'application/x-ndjson': `${JSON.stringify(reading)}\n`,
} as const

export const problemExample = (code: ErrorCode) => ({
  type: `urn:bg-ingest:problem:${code}`,
  title: ERROR_CODES[code].title,
  status: ERROR_CODES[code].status,
  detail: ERROR_CODES[code].title,
  code,
  requestId: '0f1c3b52-6d0e-4d0c-9f3b-0f6a3a1f5f0e',
  ...(code === 'invalid_request' ? { errors: [{ pointer: 'limit', detail: 'must be at most 1000' }] } : {}),
})
