import { parseArgs } from 'node:util'
import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'

export const HELP = `Usage: node dist/main.js [options]

A faithful Dexcom API v3 on loopback, for development and tests. All state is in memory.

  --port <n>                   port, 0 = any free one (default 0)
  --host <address>             address to listen on (default 127.0.0.1)
  --users <file>               JSON list of users (default: User4, User6, User7 and User8 of the sandbox)
  --seed <text>                the same seed makes the same people (default bg-ingest)
  --client-id <id>             the application's id (default simulator-client)
  --client-secret <secret>     its secret (default simulator-secret)
  --redirect-uri <uri>         an allowed redirect URI, repeatable (default: any loopback URI ending in /oauth/callback)
  --start <instant>            where the virtual clock starts, e.g. 2026-11-20T12:00:00Z (default: now)
  --speed <n>                  virtual seconds a second (default 1, or as the scenario says)
  --vendor-delay <seconds>     how long readings are held back (default 3600)
  --access-token-seconds <n>   life of an access token, in real time (default 7200)
  --latency <ms>               added to every answer (default 0)
  --strict-family              a spent refresh token ends its whole session
  --grace <seconds>            a spent refresh token still works for so long
  --limit <n>                  calls that an application may make an hour (default: no limit)
  --push <file>                JSON options of pushes, as POST /__sim/push takes them
  --regions <file>             JSON list of further regions, each on a port of its own
  --scenario <name>            plays one of the scenarios of --list, which brings its own users, seed and limits
  --list                       the scenarios, by number
  --help                       this text

GET /__sim/users, /__sim/journal, /__sim/manners and /__sim/truth?user= tell what happened; see docs/simulator.md.
`

const wholeNumber = z.coerce.number().int().min(0)

const Flags = z.object({
  port: wholeNumber.max(65_535).default(0),
  host: z.string().default('127.0.0.1'),
  users: z.string().optional(),
  seed: z.string().optional(),
  'client-id': z.string().min(1).optional(),
  'client-secret': z.string().min(1).optional(),
  'redirect-uri': z.array(z.string()).default([]),
  start: z.iso.datetime({ offset: true }).optional(),
  speed: z.coerce.number().min(0).optional(),
  'vendor-delay': wholeNumber.default(3600),
  'access-token-seconds': wholeNumber.min(1).default(7200),
  latency: wholeNumber.default(0),
  'strict-family': z.boolean().default(false),
  grace: z.coerce.number().min(0).optional(),
  limit: wholeNumber.min(1).optional(),
  push: z.string().optional(),
  regions: z.string().optional(),
  scenario: z.string().optional(),
  list: z.boolean().default(false),
  help: z.boolean().default(false),
})

export type Flags = z.infer<typeof Flags>

/** What a scenario decides itself. */
const NOT_WITH_SCENARIO = ['users', 'seed', 'start', 'grace', 'limit', 'regions'] as const satisfies (keyof Flags)[]

/** Reads the command line. Throws invalid_request that names every bad flag. */
export function readFlags(args: readonly string[]): Flags {
  const parsed = Flags.safeParse(parseFlags(args))
  if (!parsed.success) throw new AppError('invalid_request', z.prettifyError(parsed.error))
  const flags = parsed.data
  const [clash] = flags.scenario === undefined ? [] : NOT_WITH_SCENARIO.filter((name) => flags[name] !== undefined)
  if (clash !== undefined) throw new AppError('invalid_request', `--${clash} cannot be together with --scenario`)
  return flags
}

function parseFlags(args: readonly string[]): unknown {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        port: text,
        host: text,
        users: text,
        seed: text,
        'client-id': text,
        'client-secret': text,
        'redirect-uri': { ...text, multiple: true },
        start: text,
        speed: text,
        'vendor-delay': text,
        'access-token-seconds': text,
        latency: text,
        'strict-family': flag,
        grace: text,
        limit: text,
        push: text,
        regions: text,
        scenario: text,
        list: flag,
        help: flag,
      },
    }).values
  } catch (err) {
    throw new AppError('invalid_request', err instanceof Error ? err.message : 'bad command line', { cause: err })
  }
}
