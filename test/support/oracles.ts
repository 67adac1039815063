import type { PublicReading } from '@bg-ingest/domain'
import { consume, type HeardEvent } from './e2e-events.ts'
import type { Taken } from './readings-oracle.ts'

/** Promises of the service that can be checked from outside, by the names of docs/guarantees.md. */
export type OracleName = 'O1' | 'O2' | 'O3' | 'O4' | 'O5' | 'O6' | 'O8'

export interface Violation {
  readonly oracle: OracleName
  readonly userId: string
  readonly detail: string
}

/** A reading as far as Dexcom and we both know it. */
export interface Content {
  readonly timestamp: string
  readonly type: string
  readonly glucose: number
  readonly trend: string | null
}

/** A reading as it lies in the table. */
export interface Row extends Content {
  readonly sequence: number
  readonly revision: number
}

export interface FeedPage {
  readonly after: number
  readonly through: number
  readonly latestSequence: number
  readonly changes: readonly { readonly sequence: number; readonly reading: PublicReading }[]
}

/** How Dexcom saw a person's calls. */
export interface CallsSeen {
  readonly maxConcurrentData: number
  readonly maxConcurrentRefreshes: number
  readonly mostPresentations: number
  readonly callsAfterInvalidGrant: number
}

/** Everything that is recorded of a person once nothing is wrong any more. */
export interface Evidence {
  readonly userId: string
  /** What Dexcom shows. */
  readonly truth: readonly Content[]
  /** Range reads of the API, every page. */
  readonly shown: readonly PublicReading[]
  /** The readings table. */
  readonly rows: readonly Row[]
  /** The change feed from 0 on. */
  readonly feed: readonly FeedPage[]
  /** What the broker told, in order. */
  readonly heard: readonly HeardEvent[]
  /** What the reference consumer of packages/client has taken in. */
  readonly taken: Taken
  readonly state: {
    readonly committed: number
    readonly published: number
    readonly parked: boolean
  }
  /** A lease that nobody gives back. */
  readonly leased: boolean
  /** Items of the log, in order. */
  readonly log: readonly { readonly first: number; readonly last: number }[]
  readonly calls: CallsSeen
  readonly jobs: { readonly queued: number; readonly failed: readonly string[] }
}

export interface Allowed {
  /** 2 for those whose refresh a kill has hit between intent and answer (promises.md I6). */
  readonly presentations?: number
  /** Reasons of failed jobs that are no fault: a grant that a kill has cost. */
  readonly failures?: RegExp
}

/** All in which a person was wronged; empty where every promise was kept. */
export function judge(evidence: Evidence, allowed: Allowed = {}): Violation[] {
  const found = [
    ...lost(evidence),
    ...extra(evidence),
    ...untold(evidence),
    ...disordered(evidence),
    ...crowded(evidence),
    ...spent(evidence, allowed),
    ...leftOver(evidence, allowed),
  ]
  return found.map(([oracle, detail]) => ({ oracle, userId: evidence.userId, detail }))
}

type Finding = readonly [OracleName, string]

const identity = ({ timestamp, type }: Content): string => `${timestamp}#${type}`
const content = ({ timestamp, type, glucose, trend }: Content): string => [timestamp, type, glucose, trend].join(' ')

const keysOf = (readings: readonly Content[]): ReadonlySet<string> => new Set(readings.map(identity))

/** Says how many there are and where the first one is; nothing where there is none. */
function some(oracle: OracleName, what: string, places: readonly string[]): Finding[] {
  return places.length === 0 ? [] : [[oracle, `${places.length} ${what}, first ${places[0]}`]]
}

/** O1: what Dexcom shows is stored, and shown by the API. */
function lost({ truth, shown, rows }: Evidence): Finding[] {
  const missingFrom = (held: readonly Content[]) => {
    const keys = keysOf(held)
    return truth.map(identity).filter((key) => !keys.has(key))
  }
  return [
    ...some('O1', `readings of ${truth.length} lost from the table`, missingFrom(rows)),
    ...some('O1', `readings of ${truth.length} not shown by the API`, missingFrom(shown)),
  ]
}

/** O2: nothing else is, nothing twice, and all of it as Dexcom has it. */
function extra({ truth, shown, rows }: Evidence): Finding[] {
  const wanted = new Map(truth.map((reading) => [identity(reading), content(reading)]))
  const invented = (held: readonly Content[]) => held.map(identity).filter((key) => !wanted.has(key))
  const altered = (held: readonly Content[]) =>
    held.filter((one) => (wanted.get(identity(one)) ?? content(one)) !== content(one)).map(identity)
  const numbered = ({ timestamp, type, sequence, revision }: Row) => `${timestamp}#${type} ${sequence}.${revision}`
  const inTable = new Set(rows.map(numbered))
  return [
    ...some('O2', 'readings that Dexcom does not show', [...invented(rows), ...invented(shown)]),
    ...some('O2', 'readings with another content', [...altered(rows), ...altered(shown)]),
    ...some('O2', 'readings stored twice', repeated(rows.map(identity))),
    ...some('O2', 'numbers given twice', repeated(rows.map(({ sequence }) => String(sequence)))),
    ...some(
      'O2',
      'readings shown unlike they are stored',
      shown.map(numbered).filter((one) => !inTable.has(one)),
    ),
  ]
}

function repeated(texts: readonly string[]): string[] {
  const seen = new Set<string>()
  return texts.filter((text) => seen.size === seen.add(text).size)
}

/** O3: each stored reading was told, under its number, and a repeat bears the id of the first. */
function untold({ shown, heard }: Evidence): Finding[] {
  const told = new Set<string>()
  const ids = new Map<string, unknown>()
  const renamed: string[] = []
  for (const { routingKey, messageId, event } of heard) {
    if (routingKey !== 'readings.changed') continue
    const { fromSequence, toSequence, changes } = event.data
    const range = `${fromSequence}-${toSequence}`
    if ((ids.get(range) ?? messageId) !== messageId) renamed.push(range)
    ids.set(range, messageId)
    for (const { reading } of changes) told.add(JSON.stringify(reading))
  }
  const silent = shown.filter((reading) => !told.has(JSON.stringify(reading)))
  return [
    ...some(
      'O3',
      'stored readings never told',
      silent.map(({ sequence }) => `sequence ${sequence}`),
    ),
    ...some('O3', 'ranges told under two ids', renamed),
  ]
}

/** O4: ranges adjoin, at the broker, in the log and in the feed, and a consumer of either ends with what is stored. */
function disordered({ shown, heard, taken, log, feed, state }: Evidence): Finding[] {
  return [
    ...disorderAtBroker(heard, shown),
    ...missedByConsumer(taken, shown, state.committed),
    ...holes(log),
    ...disorderInFeed(feed, shown, state.committed),
  ]
}

function missedByConsumer({ through, readings, wrongs }: Taken, shown: readonly PublicReading[], committed: number) {
  const unlike = shown.filter(
    (reading) => JSON.stringify(readings.get(reading.id)?.reading) !== JSON.stringify(reading),
  )
  return [
    ...(through === committed ? [] : [['O4', `the reference consumer is at ${through} of ${committed}`] as const]),
    ...some('O4', 'changes that the reference consumer did not have exactly once', wrongs),
    ...some(
      'O4',
      'readings of which the reference consumer has another last word',
      unlike.map(({ sequence }) => `sequence ${sequence}`),
    ),
  ]
}

function disorderAtBroker(heard: readonly HeardEvent[], shown: readonly PublicReading[]): Finding[] {
  try {
    const { readings } = consume(heard)
    const unlike = shown.filter((reading) => JSON.stringify(readings.get(reading.id)) !== JSON.stringify(reading))
    return some(
      'O4',
      'readings of which a consumer has another last word',
      unlike.map(({ sequence }) => `sequence ${sequence}`),
    )
  } catch (err) {
    return [['O4', err instanceof Error ? err.message : String(err)]]
  }
}

function holes(log: Evidence['log']): Finding[] {
  let through = 0
  const broken: string[] = []
  for (const { first, last } of log) {
    if (first !== through + 1) broken.push(`${first} behind ${through}`)
    through = last
  }
  return some('O4', 'holes in the log', broken)
}

function disorderInFeed(feed: readonly FeedPage[], shown: readonly PublicReading[], committed: number): Finding[] {
  const broken: string[] = []
  const readings = new Map<string, string>()
  let through = 0
  for (const page of feed) {
    if (page.after !== through) broken.push(`page behind ${page.after}, not ${through}`)
    through = page.through
    for (const { sequence, reading } of page.changes) {
      if (sequence <= page.after || sequence > page.through) broken.push(`sequence ${sequence} outside its page`)
      readings.set(reading.id, JSON.stringify(reading))
    }
  }
  if (through !== committed) broken.push(`the feed ends at ${through}, not ${committed}`)
  const unlike = shown.filter((reading) => readings.get(reading.id) !== JSON.stringify(reading))
  const beyond = readings.size - (shown.length - unlike.length)
  return [
    ...some('O4', 'faults in the feed', broken),
    ...some(
      'O4',
      'readings that the feed has otherwise',
      unlike.map(({ sequence }) => `sequence ${sequence}`),
    ),
    ...(beyond > 0 ? [['O4', `${beyond} readings in the feed that are not stored so`] as const] : []),
  ]
}

/** O5: never two syncs of a person at Dexcom. */
const crowded = ({ calls }: Evidence): Finding[] =>
  calls.maxConcurrentData > 1 ? [['O5', `${calls.maxConcurrentData} data calls at once`]] : []

/** O6: a refresh token is shown once, never at the same time, and nobody calls with a dead grant. */
function spent({ calls }: Evidence, { presentations = 1 }: Allowed): Finding[] {
  const found: Finding[] = []
  if (calls.mostPresentations > presentations)
    found.push(['O6', `a refresh token shown ${calls.mostPresentations} times, ${presentations} allowed`])
  if (calls.maxConcurrentRefreshes > 1) found.push(['O6', `${calls.maxConcurrentRefreshes} refreshes at once`])
  if (calls.callsAfterInvalidGrant > 0) found.push(['O6', `${calls.callsAfterInvalidGrant} calls with a dead grant`])
  return found
}

/** One that runs and the one that follows on it. */
const MOST_JOBS = 2

/** O8: nothing is left to do. */
function leftOver({ state, leased, log, jobs }: Evidence, { failures }: Allowed): Finding[] {
  const { committed, published, parked } = state
  const claimed = log.at(-1)?.last ?? 0
  const failed = jobs.failed.filter((reason) => !failures?.test(reason))
  const wrong: readonly (readonly [boolean, string])[] = [
    [published !== committed, `published to ${published} of ${committed}`],
    [claimed !== committed, `claimed to ${claimed}, committed to ${committed}`],
    [leased, 'the lease is held'],
    [parked, 'parked'],
    [jobs.queued > MOST_JOBS, `${jobs.queued} jobs queued`],
    [failed.length > 0, `${failed.length} jobs failed: ${failed[0]}`],
  ]
  return wrong.flatMap(([holds, detail]): Finding[] => (holds ? [['O8', detail]] : []))
}
