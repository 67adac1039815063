import { readFile } from 'node:fs/promises'
import { type AuditReport, type AuditSource, type FaultKind, readAuditLines, verifyAudit } from '@bg-ingest/audit'
import { DAY_MS, toInstant } from '@bg-ingest/domain'
import { namedKeys } from '@bg-ingest/security'
import { columns } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Arguments, type Command, flagOption, numberOf, type Tools, textOption } from './command.ts'

const DAYS = 30
const MAX_DAYS = 36_500
/** A worker writes at least once a day, when it examines people, so a chain that began earlier shows by then. */
const MARGIN_MS = 2 * DAY_MS

export const auditVerify: Command = {
  name: 'audit-verify',
  usage: '[--table] [--days <n>] [--file <path>]... [--excerpt]',
  summary: 'whether anybody has changed, removed, reordered or cut off audit records',
  about: `  --table    the records in the accounts table; also without it where no --file is given
  --days     of the table the last so many days, up to ${MAX_DAYS}; default ${DAYS}. Chains may begin before them
  --file     a log, whole, with or without other lines; as often as there are files. Each is checked against the table
  --excerpt  files hold a part of the log: chains in them may begin and end anywhere

  The first bad entry of every writer is named. \`open\` is who ends without a closing record: it runs still, was killed, or
  was cut off together with its signed heads, which only another source can show. Exit code 0: nothing found, 1: something.`,
  options: { table: flagOption, days: textOption, file: { type: 'string', multiple: true }, excerpt: flagOption },
  async run(args, tools) {
    const files = (args.values['file'] ?? []) as unknown as readonly string[]
    const sources: AuditSource[] = []
    for (const path of files)
      sources.push({
        name: path,
        kind: 'stream',
        lines: readAuditLines(await textIn(path)),
        isExcerpt: args.values['excerpt'] === true,
      })
    if (files.length === 0 || args.values['table'] === true) sources.push(await tableSource(args, tools))
    const report = verifyAudit(sources, namedKeys(tools.config.encryption.keys.reveal(), 'audit'))
    return { complete: report.faults.length === 0, json: report, text: textOf(report) }
  },
}

async function textIn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new UsageError('--file takes a file that can be read')
  }
}

async function tableSource(args: Arguments, { context, progress }: Tools): Promise<AuditSource> {
  const { auditLog, ports, trail } = context
  const now = ports.clock.now()
  const days = numberOf(args, 'days', { min: 1, max: MAX_DAYS }) ?? DAYS
  const fromMs = Math.max(0, now - (days - 1) * DAY_MS)
  // What this very command has begun to record is part of it.
  await trail.flush()
  const lines: string[] = []
  for await (const line of auditLog.lines(fromMs, now))
    if (lines.push(line) % 1_000 === 0) progress(`${lines.length} records`)
  const beginsBefore = toInstant(fromMs + MARGIN_MS)
  return {
    name: 'table',
    kind: 'store',
    lines: readAuditLines(lines.join('\n')),
    ...(days < MAX_DAYS && days > 2 ? { beginsBefore } : {}),
  }
}

const MEANING: Readonly<Record<FaultKind, string>> = {
  edited: 'was changed, or hashed with another key',
  missing: 'is missing',
  out_of_order: 'lies in the wrong place',
  cut: 'is missing, and all behind it',
  forked: 'is there in two versions',
  unknown_key: 'is hashed with a key that is not configured',
  unreadable: 'cannot be read',
}

function textOf({ writers, faults }: AuditReport): string {
  const rows = writers.map(({ writer, source, entries, from, to, closed }) => [
    writer,
    source,
    String(entries),
    from,
    to,
    closed ? 'closed' : 'open',
  ])
  const table = rows.length > 0 ? columns([['WRITER', 'IN', 'RECORDS', 'FROM', 'TO', 'END'], ...rows]) : []
  const found = faults.map(
    ({ source, writer, n, fault }) => `BAD: ${source}: ${writer} record ${n ?? '?'} ${MEANING[fault]}`,
  )
  return [...table, ...found, `${writers.length} chains, ${faults.length} bad`].join('\n')
}
