import { parseArgs } from 'node:util'
import { type Instant, parseInstant, UserId } from '@bg-ingest/domain'
import { UsageError } from './usage-error.ts'

export const HELP = `Usage: pnpm republish --user <id> [--from <instant>] [--to <instant>] [--json]

Tells the broker once more what it was told of a person: the same events, with the same ids, in the same order.
For a broker that has lost data; whoever consumes by the rule of ranges (docs/events.md) drops what they have.

  --user   the person
  --from   from this instant on, RFC 3339 with a zone: when the change was stored; otherwise from the first
  --to     before this instant; otherwise to the last that was published
  --json   one JSON object at the end instead of words

A reading that has changed since is told with its newest change alone, so an old message may hold fewer changes than it
did the first time. What was never published yet is not told by this.

Exit code: 0 all of it was taken, 1 the broker stopped taking, 2 could not begin.
It reads the environment of a worker, and prints no glucose and no token. Progress goes to stderr.`

export interface RepublishArguments {
  readonly user: UserId
  readonly from: Instant | null
  readonly to: Instant | null
  readonly json: boolean
}

/** Throws UsageError. */
export function readRepublishArguments(args: readonly string[]): RepublishArguments | 'help' {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const options = { help: { ...flag, short: 'h' }, user: text, from: text, to: text, json: flag } as const
  const { help, user, from, to, json } = parsed(() => parseArgs({ args: [...args], options })).values
  if (help) return 'help'
  const wanted = {
    user: userOf(user),
    from: instantOf('--from', from),
    to: instantOf('--to', to),
    json,
  }
  if (wanted.from !== null && wanted.to !== null && wanted.from >= wanted.to)
    throw new UsageError('--from must lie before --to')
  return wanted
}

function userOf(text: string | undefined): UserId {
  if (text === undefined) throw new UsageError('--user is missing. See --help.')
  const read = UserId.safeParse(text)
  if (read.success) return read.data
  throw new UsageError(`--user ${read.error.issues[0]?.message ?? 'is no user id'}`)
}

function instantOf(name: string, text: string | undefined): Instant | null {
  if (text === undefined) return null
  const instant = parseInstant(text)
  if (instant === null) throw new UsageError(`${name} takes an RFC 3339 instant with a zone`)
  return instant
}

function parsed<T>(read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message.split('. ')[0] : 'Bad arguments'}. See --help.`)
  }
}
