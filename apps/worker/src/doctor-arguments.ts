import { parseArgs } from 'node:util'
import { UserId } from '@bg-ingest/domain'
import { UsageError } from './usage-error.ts'

export const HELP = `Usage: pnpm doctor [--user <id>] [--repair] [--json] [--days <n>] [--offline]
       pnpm doctor --verify-receipt <json>
       pnpm doctor --erased <file> [--repair]

Looks at what the service keeps of its people and says what does not fit together.

  --user            this person alone; otherwise everybody in the registry
  --days            how many days of readings are compared with Dexcom, 1 to 30; default 7
  --offline         does not ask Dexcom
  --repair          does what is safe, and asks the workers for the rest
  --json            one JSON object instead of a table
  --verify-receipt  whether we have signed this receipt of an erasure
  --erased          receipts, one JSON object (or log line) a line: who of them is there again, as after a restore;
                    with --repair they are erased again

Exit code: 0 nothing found, 1 something found, 2 could not look.
It reads the environment of a worker, and prints no glucose and no token; people are named by a keyed hash.`

export interface DoctorArguments {
  readonly help: boolean
  readonly user: UserId | null
  readonly days: number
  readonly offline: boolean
  readonly repair: boolean
  readonly json: boolean
  readonly receipt: string | null
  /** Path of a file with receipts. */
  readonly erased: string | null
}

const MAX_DAYS = 30

function daysOf(text: string): number {
  const days = /^[1-9]\d?$/.test(text) ? Number(text) : 0
  if (days < 1 || days > MAX_DAYS) throw new UsageError(`--days takes a whole number from 1 to ${MAX_DAYS}`)
  return days
}

function userOf(text: string): UserId {
  const parsed = UserId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new UsageError(`--user ${parsed.error.issues[0]?.message ?? 'is no user id'}`)
}

/** Throws UsageError. */
export function readArguments(args: readonly string[]): DoctorArguments {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const values = parse(() =>
    parseArgs({
      args: [...args],
      options: {
        help: { ...flag, short: 'h' },
        user: text,
        days: { ...text, default: '7' },
        offline: flag,
        repair: flag,
        json: flag,
        'verify-receipt': text,
        erased: text,
      },
    }),
  ).values
  const { help, offline, repair, json, erased = null } = values
  const user = values.user === undefined ? null : userOf(values.user)
  const receipt = values['verify-receipt'] ?? null
  if (receipt !== null && (user || erased || repair)) throw new UsageError('--verify-receipt goes alone')
  return { help, user, days: daysOf(values.days), offline, repair, json, receipt, erased }
}

function parse<T>(read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message.split('. ')[0] : 'Bad arguments'}. See --help.`)
  }
}
