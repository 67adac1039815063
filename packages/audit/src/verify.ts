import { type AuditKey, seal } from './chain.ts'
import type { AuditEntry, AuditHead } from './entry.ts'
import type { ReadLine } from './read-lines.ts'

/** One place where records are kept: a log file, or the table. */
export interface AuditSource {
  readonly name: string
  /** The store vouched for by heads with `stored`, or a stream. */
  readonly kind: 'store' | 'stream'
  /** In the order in which they lie there. */
  readonly lines: readonly ReadLine[]
  /** Accepts a chain that begins in the middle, if it does so before this instant: what is older was not read. */
  readonly beginsBefore?: string
  /** Accepts chains that begin and end anywhere: one of several files, say. */
  readonly isExcerpt?: boolean
}

export type FaultKind =
  /** Its hash does not fit its content. */
  | 'edited'
  /** It is not there, although what came behind it is. */
  | 'missing'
  /** It lies where another number belongs. */
  | 'out_of_order'
  /** It is not there, although a signed head says that it was written. */
  | 'cut'
  /** Two different records have this number. */
  | 'forked'
  /** It is hashed with a key that is not configured. */
  | 'unknown_key'
  /** It is not a record any more. */
  | 'unreadable'

/** The first bad entry of one writer in one source. */
export interface AuditFault {
  readonly source: string
  readonly writer: string
  /** Number of the entry; null where nobody can tell any more. */
  readonly n: number | null
  readonly fault: FaultKind
}

export interface WriterSummary {
  readonly writer: string
  readonly source: string
  readonly entries: number
  readonly first: number
  readonly last: number
  readonly from: string
  readonly to: string
  /** False: it ends without its closing record. The process runs still, was killed, or the end was cut off with its heads. */
  readonly closed: boolean
}

export interface AuditReport {
  readonly writers: readonly WriterSummary[]
  readonly faults: readonly AuditFault[]
}

/** Checks every writer's chain in every source, and each source against what heads in the others vouch for. */
export function verifyAudit(sources: readonly AuditSource[], keys: readonly AuditKey[]): AuditReport {
  const byId = new Map(keys.map((key) => [key.id, key]))
  const chains = sources.flatMap((source) => chainsOf(source))
  const checked = chains.map((chain) => ({ chain, fault: firstFault(chain, byId) }))
  const faults = checked.flatMap(({ chain, fault }) => {
    const found = fault ?? missingBehind(chain, chain.source.isExcerpt ? [] : chains, byId)
    return found ? [{ source: chain.source.name, writer: chain.writer, ...found }] : []
  })
  return { writers: chains.flatMap(summaryOf), faults }
}

interface Chain {
  readonly source: AuditSource
  readonly writer: string
  readonly lines: readonly ReadLine[]
  readonly entries: readonly AuditEntry[]
  readonly heads: readonly AuditHead[]
}

type Found = Pick<AuditFault, 'n' | 'fault'>

function chainsOf(source: AuditSource): readonly Chain[] {
  const byWriter = Map.groupBy(source.lines, ({ writer }) => writer ?? '?')
  return [...byWriter].map(([writer, lines]) => ({
    source,
    writer,
    lines,
    entries: lines.filter((line) => line.kind === 'entry'),
    heads: lines.filter((line) => line.kind === 'head'),
  }))
}

function firstFault({ source, lines, entries }: Chain, keys: ReadonlyMap<string, AuditKey>): Found | null {
  const numbers = new Set(entries.map(({ n }) => n))
  let last: AuditEntry | null = null
  for (const line of lines) {
    const fault: Found | null =
      line.kind === 'unreadable'
        ? { n: last ? last.n + 1 : null, fault: 'unreadable' }
        : (forged(line, keys) ?? (line.kind === 'entry' ? misplaced(line, last, numbers, source) : null))
    if (fault) return fault
    if (line.kind === 'entry') last = line
  }
  return null
}

function forged(line: AuditEntry | AuditHead, keys: ReadonlyMap<string, AuditKey>): Found | null {
  const key = keys.get(line.key)
  if (!key) return { n: line.n, fault: 'unknown_key' }
  const [field, told] = line.kind === 'head' ? (['sig', line.sig] as const) : (['hash', line.hash] as const)
  return seal(key, line, field) === told ? null : { n: line.n, fault: 'edited' }
}

/** Whether this entry does not belong behind the last one. The same one once more is no fault: streams repeat lines. */
function misplaced(
  entry: AuditEntry,
  last: AuditEntry | null,
  numbers: ReadonlySet<number>,
  { isExcerpt = false, beginsBefore = '' }: AuditSource,
): Found | null {
  if (!last && (isExcerpt || entry.ts < beginsBefore)) return null
  const expected = (last?.n ?? 0) + 1
  if (entry.n === last?.n && entry.hash === last.hash) return null
  if (entry.n > expected)
    return numbers.has(expected) ? { n: entry.n, fault: 'out_of_order' } : { n: expected, fault: 'missing' }
  if (entry.n < expected) return { n: entry.n, fault: entry.n === last?.n ? 'forked' : 'out_of_order' }
  return entry.prev === (last?.hash ?? '') ? null : { n: entry.n, fault: 'forked' }
}

/** What signed heads, here or in the other sources, vouch for and what is not here; or is not the same here. */
function missingBehind(chain: Chain, all: readonly Chain[], keys: ReadonlyMap<string, AuditKey>): Found | null {
  const mine = new Map(chain.entries.map(({ n, hash }) => [n, hash]))
  const lastN = chain.entries.at(-1)?.n ?? 0
  const others = all.filter(({ writer, source }) => writer === chain.writer && source !== chain.source)
  const vouching = [
    ...chain.heads,
    ...others.flatMap(({ heads }) => heads.filter(({ stored }) => stored || chain.source.kind === 'stream')),
    // What the store has was on the stream before.
    ...(chain.source.kind === 'stream' ? others.flatMap(({ entries }) => entries) : []),
  ].filter((line) => forged(line, keys) === null)
  const fork = vouching.filter(({ n, hash }) => mine.has(n) && mine.get(n) !== hash).sort((a, b) => a.n - b.n)[0]
  if (fork) return { n: fork.n, fault: 'forked' }
  return vouching.some(({ n }) => n > lastN) ? { n: lastN + 1, fault: 'cut' } : null
}

function summaryOf({ writer, source, entries }: Chain): readonly WriterSummary[] {
  const [begin, end] = [entries[0], entries.at(-1)]
  if (!begin || !end) return []
  return [
    {
      writer,
      source: source.name,
      entries: entries.length,
      first: begin.n,
      last: end.n,
      from: begin.ts,
      to: end.ts,
      closed: end.action === 'audit.closed',
    },
  ]
}
