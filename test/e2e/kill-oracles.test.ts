import { type PublicReading, serviceEvent } from '@bg-ingest/domain'
import { expect } from 'chai'
import type { HeardEvent } from '../support/e2e-events.ts'
import { type Evidence, judge } from '../support/oracles.ts'

const USER = 'recorded'

/** Readings five minutes apart, numbered from 1 on. */
const READINGS: readonly PublicReading[] = Array.from({ length: 6 }, (_, i) => ({
  id: `reading-${i + 1}`,
  userId: USER as PublicReading['userId'],
  timestamp: new Date(Date.UTC(2026, 10, 20, 12, 5 * i)).toISOString() as PublicReading['timestamp'],
  localTime: null,
  glucose: 100 + i,
  unit: 'mg/dL',
  bound: null,
  trend: 'flat',
  trendRate: 0,
  type: 'cgm',
  device: { transmitterId: null, generation: 'g7', display: 'iOS', app: 'G7' },
  sequence: i + 1,
  revision: 1,
  receivedAt: '2026-11-20T13:00:00.000Z' as PublicReading['receivedAt'],
}))

const RANGES = [
  { first: 1, last: 2 },
  { first: 3, last: 3 },
  { first: 4, last: 6 },
]

const changesOf = (first: number, last: number) =>
  READINGS.slice(first - 1, last).map((reading) => ({ sequence: reading.sequence, kind: 'created' as const, reading }))

function told({ first, last }: { readonly first: number; readonly last: number }): HeardEvent {
  const event = serviceEvent({
    routingKey: 'readings.changed',
    time: '2026-11-20T13:00:00.000Z' as PublicReading['receivedAt'],
    identity: `${first}-${last}`,
    data: {
      userId: USER as PublicReading['userId'],
      fromSequence: first,
      toSequence: last,
      changes: changesOf(first, last),
    },
  })
  return { routingKey: 'readings.changed', messageId: event.id, contentType: '', persistent: true, event }
}

/** A reference consumer that has everything up to a sequence. */
function takenOf(through: number): Evidence['taken'] {
  const changes = changesOf(1, through).map((change) => [change.reading.id, change] as const)
  return { through, readings: new Map(changes), wrongs: [] }
}

/** What a run leaves in which every promise was kept, one message told twice. */
const SOUND: Evidence = {
  userId: USER,
  truth: READINGS,
  shown: READINGS,
  rows: READINGS,
  feed: [
    { after: 0, through: 4, latestSequence: 6, changes: changesOf(1, 4) },
    { after: 4, through: 6, latestSequence: 6, changes: changesOf(5, 6) },
  ],
  heard: [...RANGES, ...RANGES.slice(1)].map(told),
  taken: takenOf(6),
  state: { committed: 6, published: 6, parked: false },
  leased: false,
  log: RANGES,
  calls: { maxConcurrentData: 1, maxConcurrentRefreshes: 1, mostPresentations: 1, callsAfterInvalidGrant: 0 },
  jobs: { queued: 2, failed: [] },
}

const [firstReading, ...otherReadings] = READINGS
const altered = (change: Partial<PublicReading>): PublicReading[] =>
  READINGS.map((reading) => (reading === firstReading ? { ...reading, ...change } : reading))
const heardBut = (...ranges: typeof RANGES) => ranges.map(told)

/** Each names the oracles that have to see it, and no others may. */
const PLANTS: Readonly<Record<string, readonly [Partial<Evidence>, readonly string[]]>> = {
  'a reading is gone from the table': [{ rows: otherReadings }, ['O1', 'O2']],
  'a reading is not shown': [{ shown: otherReadings }, ['O1', 'O4']],
  'a reading was never stored': [
    {
      rows: otherReadings,
      shown: otherReadings,
      feed: SOUND.feed.map((page) => ({ ...page, changes: page.changes.filter(({ sequence }) => sequence > 1) })),
    },
    ['O1'],
  ],
  'a reading was invented': [{ truth: otherReadings }, ['O2']],
  'a value was altered': [{ rows: altered({ glucose: 400 }) }, ['O2']],
  'a reading is stored twice': [{ rows: [...READINGS, ...READINGS.slice(5)] }, ['O2']],
  'a number was given twice': [{ rows: altered({ sequence: 2 }) }, ['O2']],
  'the last message never came': [{ heard: heardBut(...RANGES.slice(0, 2)) }, ['O3', 'O4']],
  'a repeat has another id': [
    { heard: [...SOUND.heard, { ...told({ first: 1, last: 2 }), messageId: 'another' }] },
    ['O3'],
  ],
  'the first message came last': [{ heard: heardBut(...RANGES.slice(1), ...RANGES.slice(0, 1)) }, ['O4']],
  'the reference consumer lags behind': [{ taken: { ...takenOf(6), through: 3 } }, ['O4']],
  'the reference consumer has not a reading': [{ taken: { ...takenOf(3), through: 6 } }, ['O4']],
  'the reference consumer had a change twice': [{ taken: { ...takenOf(6), wrongs: ['3 twice'] } }, ['O4']],
  'the log has a hole': [
    {
      log: [
        { first: 1, last: 2 },
        { first: 4, last: 6 },
      ],
    },
    ['O4'],
  ],
  'the feed skips a page': [{ feed: SOUND.feed.slice(1) }, ['O4']],
  'the feed ends early': [{ feed: SOUND.feed.slice(0, 1) }, ['O4']],
  'two data calls at once': [{ calls: { ...SOUND.calls, maxConcurrentData: 2 } }, ['O5']],
  'a refresh token shown twice': [{ calls: { ...SOUND.calls, mostPresentations: 2 } }, ['O6']],
  'two refreshes at once': [{ calls: { ...SOUND.calls, maxConcurrentRefreshes: 2 } }, ['O6']],
  'a call with a dead grant': [{ calls: { ...SOUND.calls, callsAfterInvalidGrant: 1 } }, ['O6']],
  'something waits for the broker': [{ state: { ...SOUND.state, published: 3 } }, ['O8']],
  'a claim was not taken over': [{ log: [...RANGES, { first: 7, last: 9 }] }, ['O8']],
  'the lease is not given back': [{ leased: true }, ['O8']],
  'somebody is parked': [{ state: { ...SOUND.state, parked: true } }, ['O8']],
  'too many jobs wait': [{ jobs: { queued: 3, failed: [] } }, ['O8']],
  'a job failed': [{ jobs: { queued: 0, failed: ['sync-user: internal_error: x'] } }, ['O8']],
}

describe('The oracles of the kill suite', () => {
  it('are content with a run in which every promise was kept', () => {
    expect(judge(SOUND)).to.deep.equal([])
  })

  for (const [what, [plant, oracles]] of Object.entries(PLANTS))
    it(`see that ${what} (${oracles.join(', ')})`, () => {
      const seen = judge({ ...SOUND, ...plant })
      expect([...new Set(seen.map(({ oracle }) => oracle))].sort()).to.deep.equal(oracles)
    })

  it('allow a second presentation, and the failures of a lost grant, to those whom a kill hit alone', () => {
    const hit: Evidence = {
      ...SOUND,
      calls: { ...SOUND.calls, mostPresentations: 2 },
      jobs: { queued: 0, failed: ['sync-user: needs_reauth: x'] },
    }
    expect(judge(hit, { presentations: 2, failures: /needs_reauth/ })).to.deep.equal([])
    expect(judge(hit).map(({ oracle }) => oracle)).to.deep.equal(['O6', 'O8'])
  })
})
