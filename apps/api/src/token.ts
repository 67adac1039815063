import { parseArgs } from 'node:util'
import { ConfigError, loadTokenConfig } from '@bg-ingest/config'
import { UserId } from '@bg-ingest/domain'
import { failureLine } from '@bg-ingest/process'
import { signDevelopmentToken } from '@bg-ingest/security'

const HELP = `Usage: pnpm token --user <id> [--scope "<scopes>"] [--ttl 1h]

Prints a JWT for development, signed with JWT_SECRET (HS256).

  --user   the person the token is for (its subject)
  --scope  space-separated, default "bg:read bg:sync bg:connect"
  --ttl    life of the token: 90s, 15m, 1h, 7d; default 1h`

/** Something about the command line that its user can put right; the message says what. */
class UsageError extends Error {}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

function ttlSeconds(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? []
  if (!count || !unit) throw new UsageError('--ttl takes a number from 1 with s, m, h or d, such as 1h')
  return Number(count) * SECONDS[unit as keyof typeof SECONDS]
}

function subject(user: string | undefined): UserId {
  if (user === undefined) throw new UsageError('--user is missing: whom is the token for? See --help.')
  const parsed = UserId.safeParse(user)
  if (parsed.success) return parsed.data
  throw new UsageError(`--user ${parsed.error.issues[0]?.message ?? 'is no user id'}`)
}

function scopesOf(text: string): readonly string[] {
  const scopes = text.split(' ').filter(Boolean)
  if (scopes.length === 0) throw new UsageError('--scope names no scope; leave it out for the usual three')
  return scopes
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        user: { type: 'string' },
        scope: { type: 'string', default: 'bg:read bg:sync bg:connect' },
        ttl: { type: 'string', default: '1h' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message.split('. ')[0] : 'Bad arguments'}. See --help.`)
  }
}

async function tokenFor({ user, scope, ttl }: ReturnType<typeof readArguments>): Promise<string> {
  const claims = { sub: subject(user), scopes: scopesOf(scope), ttlSeconds: ttlSeconds(ttl) }
  const { secret, audience, issuer, maxLifetimeSeconds = Number.POSITIVE_INFINITY } = loadTokenConfig(process.env).token
  if (claims.ttlSeconds > maxLifetimeSeconds)
    throw new UsageError(
      `--ttl is above JWT_MAX_LIFETIME_SECONDS, ${maxLifetimeSeconds}: the API would refuse the token`,
    )
  return signDevelopmentToken({ ...claims, secret: secret.reveal(), audience, issuer, nowMs: Date.now() })
}

try {
  const values = readArguments()
  console.log(values.help ? HELP : await tokenFor(values))
} catch (err) {
  const told = err instanceof UsageError || err instanceof ConfigError
  console.error(told ? err.message : failureLine('cannot make a token', err))
  process.exitCode = 1
}
