import type { RegistryEntry } from '@bg-ingest/store/write'
import { columns } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Command, numberOf, optionOf, textOption } from './command.ts'
import { everybody, placeOf } from './list-people.ts'

const STATUSES = ['connected', 'parked', 'paused', 'needs_reauth', 'disconnected'] as const
const PAGE = 50
const MAX_PAGE = 10_000

/** A person who rests is connected, and shown as what keeps them from being polled. */
const statusOf = ({ status, parked, paused }: RegistryEntry): string =>
  status !== 'connected' ? status : parked ? 'parked' : paused ? 'paused' : status

export const users: Command = {
  name: 'users',
  usage: '[--status <status>] [--limit <n>] [--after <id>]',
  summary: 'list everybody ever connected and not erased',
  about: `  --status  ${STATUSES.join(', ')}
  --limit   at most so many, 1 to ${MAX_PAGE}; default ${PAGE}
  --after   go on behind this id: the one that the list before ended with`,
  options: { status: textOption, limit: textOption, after: textOption },
  async run(args, { config, context: { fleet, hashUser } }) {
    const wanted = optionOf(args, 'status')
    if (wanted !== null && !STATUSES.some((status) => status === wanted))
      throw new UsageError(`--status takes one of ${STATUSES.join(', ')}`)
    const limit = numberOf(args, 'limit', { min: 1, max: MAX_PAGE }) ?? PAGE
    const found: RegistryEntry[] = []
    let more = false
    for await (const entry of everybody(fleet.registry, placeOf(optionOf(args, 'after')))) {
      if (wanted !== null && statusOf(entry) !== wanted) continue
      more = found.length === limit
      if (more) break
      found.push(entry)
    }
    const next = more ? (found.at(-1)?.userId ?? null) : null
    const people = found.map((entry) => ({
      userId: entry.userId,
      status: statusOf(entry),
      pollIntervalSeconds: entry.pollIntervalSeconds ?? config.sync.pollIntervalMs / 1000,
      user: hashUser(entry.userId),
    }))
    const rows = people.map(({ userId, status, pollIntervalSeconds, user }) => [
      userId,
      status,
      String(pollIntervalSeconds),
      user,
    ])
    const table = columns([['ID', 'STATUS', 'POLLED EVERY (S)', 'IN LOGS'], ...rows])
    const end = next === null ? `${people.length} shown` : `${people.length} shown, more with --after '${next}'`
    return { complete: true, json: { users: people, next }, text: [...table, end].join('\n') }
  },
}
