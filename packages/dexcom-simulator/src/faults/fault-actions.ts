import * as z from 'zod'

/** Odd bodies of a 200: what a wrapper must not be (promises.md F7, F20). */
const ODD_BODIES = [
  'empty',
  'html',
  'empty-object',
  'null',
  'array',
  'string',
  'wrong-record-type',
  'records-missing',
  'foreign-user',
  'deep',
] as const

/** Seconds, a value as it stands, or a date so many seconds from now. */
const RetryAfter = z.union([z.number(), z.string(), z.strictObject({ dateInSeconds: z.number().int() })])

const Status = z.strictObject({
  kind: z.literal('status'),
  status: z.number().int().min(200).max(599),
  retryAfter: RetryAfter.optional(),
  contentType: z.string().optional(),
  body: z.string().optional(),
  /** The body repeats the caller's form and Authorization header, as a careless stack trace would. */
  echoesCredentials: z.boolean().optional(),
})
const Redirect = z.strictObject({
  kind: z.literal('redirect'),
  status: z.union([z.literal(302), z.literal(307), z.literal(308)]),
  /** Path and query of the request are appended. */
  to: z.string().default('http://redirected.invalid'),
})
const TokenError = z.strictObject({
  kind: z.literal('token-error'),
  error: z.enum(['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_request']),
  status: z.number().int().min(400).max(499).default(400),
})
/** The answer is true, but its token fields are not as documented. */
const TokenShape = z.strictObject({
  kind: z.literal('token-shape'),
  /** Sent as it stands; `"missing"` leaves the field out. */
  expiresIn: z.json().optional(),
  hasRefreshToken: z.boolean().default(true),
})
const Body = z.strictObject({
  kind: z.literal('body'),
  body: z.enum(ODD_BODIES),
  /** How deep `deep` nests. */
  depth: z.number().int().min(1).max(1_000_000).default(40_000),
})
const Truncated = z.strictObject({ kind: z.literal('truncated'), share: z.number().min(0).max(1).default(0.5) })
const ContentType = z.strictObject({ kind: z.literal('content-type'), contentType: z.string() })
/** Content-Length is larger (the connection then ends early) or smaller than the body by so many bytes. */
const WrongLength = z.strictObject({
  kind: z.literal('wrong-length'),
  by: z
    .number()
    .int()
    .refine((by) => by !== 0, 'must not be 0'),
})
const DuplicateHeaders = z.strictObject({ kind: z.literal('duplicate-headers') })
const Gzip = z.strictObject({ kind: z.literal('gzip') })
/** About a thousandth of it travels. */
const GzipBomb = z.strictObject({ kind: z.literal('gzip-bomb'), megabytes: z.number().int().min(1).default(1000) })
const Huge = z.strictObject({ kind: z.literal('huge'), megabytes: z.number().int().min(1).default(20) })
const Drip = z.strictObject({ kind: z.literal('drip'), bytesPerSecond: z.number().positive().max(1000).default(1) })
const HeadersOnly = z.strictObject({ kind: z.literal('headers-only') })
/** Milliseconds: a fixed wait, or one drawn from a log-normal with this median and 99th percentile, with spikes. */
const Latency = z.strictObject({
  kind: z.literal('latency'),
  fixedMs: z.number().min(0).optional(),
  p50Ms: z.number().positive().default(200),
  p99Ms: z.number().positive().default(5000),
  spikeMs: z.number().min(0).default(35_000),
  spikeShare: z.number().min(0).max(1).default(0),
})
/** `after`: the request has had its effect, a token is rotated, and the answer is lost. */
const Reset = z.strictObject({ kind: z.literal('reset'), when: z.enum(['before', 'mid-body', 'after']) })
const Silence = z.strictObject({ kind: z.literal('silence'), when: z.enum(['before', 'after']).default('before') })

/** What happens to a request that a rule fits. */
export const FaultAction = z.discriminatedUnion('kind', [
  Status,
  Redirect,
  TokenError,
  TokenShape,
  Body,
  Truncated,
  ContentType,
  WrongLength,
  DuplicateHeaders,
  Gzip,
  GzipBomb,
  Huge,
  Drip,
  HeadersOnly,
  Latency,
  Reset,
  Silence,
])
export type FaultAction = Readonly<z.infer<typeof FaultAction>>
export type FaultActionOf<K extends FaultAction['kind']> = Extract<FaultAction, { readonly kind: K }>
export type RetryAfter = z.infer<typeof RetryAfter>
