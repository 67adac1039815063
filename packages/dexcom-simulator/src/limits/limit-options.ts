import * as z from 'zod'

/** How often an application may call. Dexcom says 60,000 an hour; fixed or sliding, and every header, is unknown. */
export const LimitOptions = z.strictObject({
  calls: z.number().int().min(1).default(60_000),
  windowMs: z.number().int().min(1).default(3_600_000),
  /** `fixed`: windows that start at multiples of their length. `sliding`: the last `windowMs` before each call. */
  mode: z.enum(['fixed', 'sliding']).default('fixed'),
  countsTokenCalls: z.boolean().default(true),
  /** `none`: no header. `absurd`: `absurdRetryAfter` as it stands. */
  retryAfter: z.enum(['none', 'seconds', 'date', 'absurd']).default('none'),
  absurdRetryAfter: z.string().default('1e9'),
  body: z.enum(['empty', 'html', 'json']).default('empty'),
})
export type LimitOptions = Readonly<z.infer<typeof LimitOptions>>
