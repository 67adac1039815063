import { readAuditLines, verifyAudit } from '@bg-ingest/audit'
import { createUserHasher, namedKeys } from '@bg-ingest/security'
import type { AppProcess } from './e2e-process.ts'
import type { System } from './e2e-system.ts'
import { audited, linesOf } from './log-lines.ts'

/** The configured keys as processes read them. */
function keysOf({ ENCRYPTION_KEYS = '' }: Readonly<Record<string, string>>) {
  return ENCRYPTION_KEYS.split(',').map((entry) => {
    const [id = '', key = ''] = entry.split(':')
    return { id, key: Buffer.from(key, 'base64') }
  })
}

/**
 * What is wrong with the audit trail on the streams of these processes, a line each: a chain that was broken, or a change of
 * somebody's readings without its record (promises.md I21). `committed`: each person's committed sequence.
 */
export function auditGaps(
  { variables }: Pick<System, 'variables'>,
  processes: readonly AppProcess[],
  committed: ReadonlyMap<string, number>,
): readonly string[] {
  const keys = keysOf(variables)
  const sources = processes.map((app, i) => ({
    name: `process ${i}`,
    kind: 'stream' as const,
    lines: readAuditLines(wholeLines(app.output())),
  }))
  const broken = verifyAudit(sources, namedKeys(keys, 'audit')).faults
  const hash = createUserHasher(keys)
  const changes = audited(linesOf(...processes)).filter(({ action }) => action === 'readings.changed')
  const gaps = [...committed].flatMap(([userId, through]) => {
    const ranges = changes.filter(({ object }) => object === hash(userId)).map(({ facts }) => facts)
    const reached = ranges
      .sort((a, b) => a.from - b.from)
      .reduce((last, range) => (range.from <= last + 1 ? Math.max(last, range.through) : last), 0)
    return reached >= through ? [] : [`${hash(userId)}: on record through ${reached}, committed through ${through}`]
  })
  return [...broken.map((fault) => JSON.stringify(fault)), ...gaps]
}

/** A process that was killed while it wrote leaves a piece of a line, which the next would have had as its number. */
const wholeLines = (output: string): string => output.slice(0, output.lastIndexOf('\n') + 1)
