import { parseArgs } from 'node:util'
import { ConfigError, loadTokenConfig } from '@bg-ingest/config'
import { UserId } from '@bg-ingest/domain'
import { signDevelopmentToken } from '@bg-ingest/security'

const HELP = `Usage: pnpm token --user <id> [--scope "<scopes>"] [--ttl 1h]

Prints a JWT for development, signed with JWT_SECRET (HS256).

  --user   the person the token is for (its subject)
  --scope  space-separated, default "bg:read bg:sync bg:connect"
  --ttl    life of the token: 90s, 15m, 1h, 7d; default 1h`

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

function ttlSeconds(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (!count || !unit) throw new Error('--ttl takes a number with s, m, h or d, as 1h')
  return Number(count) * SECONDS[unit as keyof typeof SECONDS]
}

try {
  const { values } = parseArgs({
    options: {
      user: { type: 'string' },
      scope: { type: 'string', default: 'bg:read bg:sync bg:connect' },
      ttl: { type: 'string', default: '1h' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help || values.user === undefined) {
    console.log(HELP)
    process.exitCode = values.help ? 0 : 1
  } else {
    const { token } = loadTokenConfig(process.env)
    const sub = UserId.parse(values.user)
    const scopes = values.scope.split(' ').filter(Boolean)
    const { secret, audience, issuer } = token
    console.log(
      await signDevelopmentToken({
        secret: secret.reveal(),
        sub,
        scopes,
        audience,
        issuer,
        ttlSeconds: ttlSeconds(values.ttl),
        nowMs: Date.now(),
      }),
    )
  }
} catch (err) {
  console.error(err instanceof ConfigError || err instanceof Error ? err.message : 'cannot make a token')
  process.exitCode = 1
}
