import {
  type Deletion,
  type Measurement,
  type ReadingKey,
  type ReadingType,
  readingKeys,
  type UserId,
} from '@bg-ingest/domain'
import type { Held } from './lease.ts'
import type { Ports, SeenDigest } from './ports.ts'
import { twinId } from './repeats.ts'

/** What of a poll's page is known to be stored as it is, so that nobody has to read it again. */
export interface Seen {
  /** Whether the last poll has found this, and nothing has changed since. */
  readonly knows: (record: Measurement | Deletion) => boolean
  /** Whether the last poll has found these fingersticks and no others: one that is missing has moved or is gone. */
  readonly knowsFingersticks: (records: readonly (Measurement | Deletion)[]) => boolean
  /** Keeps for the next poll what this one has found or stored; call it last, while the lease is held. */
  keep(page: Page): Promise<void>
}

interface Page {
  readonly types: readonly ReadingType[]
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
}

/** Hashes of 9 bytes in a digest at most: with its head 4 KB a person. A day of a sensor has 288 readings. */
const LIMIT = 448

/**
 * Opens the digest of the last poll. It counts only if nobody has held the person since, because every change is made
 * under a lease, an erasure too; absent, stale or unreachable, nothing is known and everything is read.
 */
export async function openSeen(ports: Ports, held: Held): Promise<Seen> {
  const { digests } = ports
  if (!digests) return NOTHING_SEEN
  const found = await digests.read(held.userId).catch(() => null)
  const valid = found && found.run === held.lastFinished && found.committed === held.progress.committed ? found : null
  const known = new Set(valid ? Object.values(valid.hashes).flat() : [])
  const keyOf = readingKeys()
  // Each is asked for up to three times: whether it is known, as a fingerstick, and to be kept.
  const hashed = new Map<Measurement | Deletion, string>()
  const hash = (record: Measurement | Deletion) => {
    const done = hashed.get(record) ?? digests.hash(contentOf(held.userId, keyOf(record), record))
    hashed.set(record, done)
    return done
  }
  return {
    knows: (record) => known.size > 0 && known.has(hash(record)),
    knowsFingersticks: (records) => {
      const found = new Set(records.map(hash))
      const before = valid?.hashes.manual ?? []
      return found.size === before.length && before.every((one) => found.has(one))
    },
    async keep(page) {
      const hashes = { ...(valid?.hashes ?? EMPTY) }
      for (const type of page.types) hashes[type] = settled(page, type, { keyOf, hash })
      const count = Object.values(hashes).reduce((sum, all) => sum + all.length, 0)
      if (count > LIMIT) hashes.cgm = hashes.cgm.slice(0, Math.max(0, LIMIT - count + hashes.cgm.length))
      const { id } = held.lease
      const digest = { run: id, committed: held.progress.committed, hashes }
      if (hashes.calibration.length + hashes.manual.length <= LIMIT)
        await digests.write(held.userId, digest).catch(() => undefined)
    },
  }
}

const EMPTY: SeenDigest['hashes'] = { cgm: [], calibration: [], manual: [] }
export const NOTHING_SEEN: Seen = {
  knows: () => false,
  knowsFingersticks: () => false,
  keep: async () => undefined,
}

interface Named {
  readonly keyOf: ReturnType<typeof readingKeys>
  readonly hash: (record: Measurement | Deletion) => string
}

/** Hashes, newest first. Of a key that came with two contents nothing is kept: which of them is stored has to be looked up. */
function settled({ measurements, deletions }: Page, type: ReadingType, { keyOf, hash }: Named): string[] {
  const records = [...measurements, ...deletions].filter((record) => record.type === type)
  const contents = new Map<ReadingKey, string | null>()
  for (const record of records.sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))) {
    const [key, own] = [keyOf(record), hash(record)]
    const other = contents.get(key)
    contents.set(key, other === undefined || other === own ? own : null)
  }
  return [...contents.values()].filter((content) => content !== null)
}

/** Everything that the diff compares, of this person: another content has another hash, wherever it is stored. */
const contentOf = (userId: UserId, key: ReadingKey, record: Measurement | Deletion): string =>
  [userId, key, glucoseOf(record)].join('\n')

const glucoseOf = (record: Measurement | Deletion): string =>
  'glucose' in record
    ? [record.glucose, record.trend, record.trendRate, twinId(record), record.recordId].join()
    : `deleted ${record.recordId}`

export type SeenBefore = Pick<Seen, 'knows' | 'knowsFingersticks'>
type Records = Pick<Page, 'measurements' | 'deletions'>

/**
 * What has to be compared with the store: the unknown, and whatever of the page shares a key or twins with it. Of
 * fingersticks all or none, because one that has moved or gone is told from the others.
 */
export function toCompare({ measurements, deletions }: Records, seen: SeenBefore): Records {
  const unknown = measurements.filter((measurement) => !seen.knows(measurement))
  const fingersticks = !seen.knowsFingersticks([...measurements.filter(({ type }) => type === 'manual'), ...deletions])
  const keyOf = readingKeys()
  const identities = (measurement: Measurement): string[] => [keyOf(measurement), twinId(measurement) ?? []].flat()
  const ids = new Set(unknown.flatMap(identities))
  return {
    measurements: measurements.filter((measurement) =>
      measurement.type === 'manual' ? fingersticks : identities(measurement).some((id) => ids.has(id)),
    ),
    deletions: fingersticks ? deletions : [],
  }
}
