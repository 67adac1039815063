import * as z from 'zod'

/** What may be wrong with deliveries, all of those that are made while it is set. */
export const PUSH_MODES = [
  'duplicate',
  'reorder',
  'wrong-audience',
  'expired-token',
  'bad-signature',
  'stale-timestamp',
  'foreign-user',
  'huge-body',
  'flood',
  'silence',
] as const

/** dexcom-api.md 8.5: what a sender that means well does. Dexcom's own policy is unknown. */
const RETRIES_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000]

const TokenOptions = z.strictObject({
  /** HS256 needs `secret`; the others are signed with the simulator's own key, whose set it publishes. */
  algorithm: z.enum(['ES256', 'RS256', 'HS256']).default('ES256'),
  secret: z.string().optional(),
  audience: z.string().default('bg-ingest-webhook'),
  scope: z.string().default('bg:webhook'),
  subject: z.string().default('dexcom-client'),
  /** The simulator's own address of its issuer unless told otherwise. */
  issuer: z.string().optional(),
  lifeSeconds: z.number().int().min(1).default(28_800),
})
export type TokenOptions = z.infer<typeof TokenOptions>

/** Where, how and with what proof new readings are pushed. The wrapper is as seen at a partner (dexcom-api.md 8). */
export const PushOptions = z
  .strictObject({
    /** `{user}` stands for the person, by `users` or else by the account's name. */
    url: z.string().refine((url) => URL.canParse(url.replaceAll('{user}', 'user')), 'must be a URL'),
    users: z.record(z.string(), z.string()).default({}),
    /** Everybody with a consent; otherwise only whoever's streaming state was set active. */
    everyone: z.boolean().default(true),
    body: z.enum(['wrapper', 'notice']).default('wrapper'),
    /** `one`: each reading for itself. `all`: what appeared together goes together. */
    batch: z.enum(['one', 'all']).default('all'),
    /** Without the vendor's delay. */
    isRealtime: z.boolean().default(false),
    /** Of webhook-signature, as Standard Webhooks has it; without it none of the three headers is sent. */
    secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/=]+$/, 'must be whsec_<base64>')
      .optional(),
    /** Null sends no Authorization. */
    token: TokenOptions.nullable().default(TokenOptions.parse({})),
    modes: z.array(z.enum(PUSH_MODES)).default([]),
    floodSize: z.number().int().min(1).default(100),
    hugeBytes: z.number().int().min(1).default(300_000),
    /** Real milliseconds before each delivery. */
    delayMs: z.number().int().min(0).default(0),
    timeoutMs: z.number().int().min(1).default(10_000),
    retriesMs: z.array(z.number().min(0)).default(RETRIES_MS),
    /** 0.001 makes seconds of hours. */
    retryScale: z.number().min(0).default(1),
    /** How often, in virtual time, the simulator looks for readings that have appeared. */
    everyMs: z.number().int().min(1000).default(60_000),
    /** How far back it looks. */
    lookbackHours: z.number().positive().max(720).default(26),
  })
  .refine(({ token }) => token?.algorithm !== 'HS256' || token.secret !== undefined, 'HS256 needs token.secret')
export type PushOptions = z.infer<typeof PushOptions>
export type PushInput = Readonly<z.input<typeof PushOptions>>
