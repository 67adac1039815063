import { Redis } from 'ioredis'
import { call } from './e2e-client.ts'
import type { AppProcess } from './e2e-process.ts'
import type { System } from './e2e-system.ts'
import { contentOf } from './redis-content.ts'

export interface CanaryOptions {
  /** Processes beside the system's own. */
  readonly processes?: readonly AppProcess[]
  /** Ids of people, and whatever else names one. */
  readonly people: readonly string[]
  /** Beside the system's own. */
  readonly secrets?: readonly string[]
  /** Whatever else has left the system: answers to callers, reports of commands. People may be named there. */
  readonly told?: readonly string[]
}

/** What looks like a secret wherever it stands, so that tokens nobody has written down are found too. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  // As the simulator makes them (oauth/random-token.ts); tokens of callers begin like access tokens. One of 43 characters is
  // a hash in base64url: the audit trail is full of them, and a few begin so by chance.
  ['an authorization code', /US_[0-9a-f]{8}-[0-9a-f-]{20,}/],
  ['an access token, or a token of a caller', /(?:(?<![\w-])|(?<=%20))eyJ(?![\w-]{40}(?![\w.-]))[\w-]{16,}/],
  ['a header of authorization', /\b(?:Bearer|Basic) +[\w+/=.-]{8,}/],
  ['a password in an address', /:\/\/[^/\s:@"]*:(?!\[redacted\])[^/\s@"]+@/],
]
/** Not in Redis, where digests of other things look the same. */
const REFRESH_TOKEN = /\b[0-9a-f]{64}\b/
/** A measured value with its name, in whichever spelling; escaped where JSON lies in JSON. */
const VALUES = /\\?"(?:glucose|value|trendRate)\\?"\s*:\s*-?\d/
const SECRET_VARIABLES = [
  'JWT_SECRET',
  'ENCRYPTION_KEYS',
  'WEBHOOK_SECRETS',
  'DEXCOM_CLIENT_SECRET',
  'OPERATOR_PASSWORD',
]

/**
 * Looks for secrets, people and values where they must not be (promises.md I19): logs of all processes, their metrics, every
 * key and value in Redis, what was told to callers. Answers one line for each find, and for each place where there was nothing
 * to look at; `[]` is good. Reads alone.
 */
export async function findLeaks(system: System, options: CanaryOptions): Promise<readonly string[]> {
  const { processes = [], people, secrets = [], told = [] } = options
  const known = [...secrets, ...secretsOf(system.variables)]
  const apps = [system.api, ...system.workers]
  const logs = [...apps, ...processes].map((app, i) => ({ name: `log ${i}`, text: app.output() }))
  const metrics = await Promise.all(
    apps.map(async ({ url }, i) => ({
      name: `metrics ${i}`,
      // One that has ended tells nothing.
      text: await call(`${url}/metrics`, 'GET').then(
        ({ text }) => text,
        () => 'ended',
      ),
    })),
  )
  const redis = { name: 'Redis', text: await everythingIn(system.variables['REDIS_URL'] ?? '') }
  const hidden = [...logs, ...metrics].flatMap((place) => [
    ...named(place, people, 'a person'),
    ...shaped(place, [['a refresh token', REFRESH_TOKEN]]),
    ...shaped(place, [['a measured value', VALUES]]),
  ])
  const everywhere = [...logs, ...metrics, redis, ...told.map((text, i) => ({ name: `told ${i}`, text }))]
  const secret = everywhere.flatMap((place) => [...named(place, known, 'a secret'), ...shaped(place, SHAPES)])
  // Of the others one may have been killed before its first word.
  const empty = [...logs.slice(0, apps.length), ...metrics, redis]
    .filter(({ text }) => text === '')
    .map(({ name }) => `${name}: is empty`)
  return [...hidden, ...secret, ...shaped(redis, [['a measured value', VALUES]]), ...empty]
}

interface Place {
  readonly name: string
  readonly text: string
}

/** Never shows a secret itself: this goes to the output of tests. */
const named = ({ name, text }: Place, needles: readonly string[], what: string): string[] =>
  needles.flatMap((needle, i) => {
    const at = text.indexOf(needle)
    return at < 0 ? [] : [`${name}: ${what} (${i}), behind ${JSON.stringify(text.slice(Math.max(0, at - 80), at))}`]
  })

const shaped = ({ name, text }: Place, shapes: typeof SHAPES): string[] =>
  shapes.flatMap(([what, shape]) => {
    const at = text.search(shape)
    return at < 0 ? [] : [`${name}: ${what}, behind ${JSON.stringify(text.slice(Math.max(0, at - 80), at))}`]
  })

/** Values of secret variables; of a list each entry, of a key its bytes without the id, in base64 and hex. */
function secretsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  return SECRET_VARIABLES.flatMap((name) => {
    const entries = (variables[name] ?? '').split(',').filter(Boolean)
    return entries.flatMap((entry) => {
      const bare = entry.slice(entry.indexOf(':') + 1).replace(/^whsec_/, '')
      return name === 'ENCRYPTION_KEYS' ? [bare, Buffer.from(bare, 'base64').toString('hex')] : [bare]
    })
  })
}

/** Keys and values of one database, as text. */
async function everythingIn(url: string): Promise<string> {
  const redis = new Redis(url)
  try {
    const found: string[] = []
    for (const key of await redis.keys('*')) found.push(key, await contentOf(redis, key))
    return found.join('\n')
  } finally {
    redis.disconnect()
  }
}
