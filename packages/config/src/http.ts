import { isIP } from 'node:net'
import * as z from 'zod'
import { concern } from './concern.ts'
import { flag, parsed, parseEach, parseOrigin, text, wholeNumber } from './fields.ts'
import { Secret } from './secret.ts'

export interface RateLimit {
  readonly limit: number
  readonly windowMs: number
}

const WINDOW_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const

function readRateLimit(value: string): RateLimit | null {
  const [, limit, unit] = /^([1-9]\d{0,8})\/([smh])$/.exec(value) ?? []
  return limit && unit ? { limit: Number(limit), windowMs: WINDOW_MS[unit as keyof typeof WINDOW_MS] } : null
}

const rateLimit = parsed(readRateLimit, 'must be <calls>/s, <calls>/m or <calls>/h, such as 300/m')

const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal']

function readProxy(entry: string): string | null {
  const [address = '', bits, ...rest] = entry.split('/')
  const most = isIP(address) === 4 ? 32 : 128
  const range = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  return NAMED_RANGES.includes(entry) || (isIP(address) !== 0 && range && rest.length === 0) ? entry : null
}

/** What Express takes as `trust proxy`, but for `true`: with it every caller may choose the address we count. */
function readTrustProxy(value: string): false | number | readonly string[] | null {
  if (value === 'false') return false
  return /^\d{1,2}$/.test(value) ? Number(value) : parseEach(value, readProxy)
}

const port = wholeNumber({ min: 0, max: 65_535 })

/** The API's listener. Port 0 takes any free one. */
export const apiHttp = concern(
  z
    .object({
      PORT: port,
      TRUST_PROXY: parsed(
        readTrustProxy,
        'must be false, a number of hops, or addresses and ranges such as loopback,10.0.0.0/8',
      ),
      RATE_LIMIT_PER_USER: rateLimit,
      RATE_LIMIT_PER_IP: rateLimit,
    })
    .transform((env) => ({
      port: env.PORT,
      trustProxy: env.TRUST_PROXY,
      rateLimits: { perUser: env.RATE_LIMIT_PER_USER, perIp: env.RATE_LIMIT_PER_IP },
    })),
)

/** The worker's listener for health and metrics. */
export const workerHttp = concern(z.object({ WORKER_PORT: port }).transform((env) => ({ port: env.WORKER_PORT })))

/** Origins that a person may be sent back to after connecting; empty where `returnTo` is never allowed. */
export const returnTo = concern(
  z
    .object({
      RETURN_TO_ORIGINS: parsed(
        (value) => parseEach(value, parseOrigin),
        'must be a comma-separated list of origins such as https://app.example.com',
      ).optional(),
    })
    .transform((env) => ({ origins: env.RETURN_TO_ORIGINS ?? [] })),
)

/** Bull Board; `password` is null where it is not mounted at all. */
export const board = concern(
  z
    .object({ OPERATOR_PASSWORD: text.transform((value) => new Secret(value)).optional(), OPERATOR_ACTIONS: flag })
    .transform((env) => ({ password: env.OPERATOR_PASSWORD ?? null, actions: env.OPERATOR_ACTIONS })),
)
