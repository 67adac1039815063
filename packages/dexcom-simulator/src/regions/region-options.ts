import * as z from 'zod'
import { LimitOptions } from '../limits/limit-options.ts'
import { SimulatedUser } from '../users.ts'

const ClientId = z.string().min(1)

/** An application as it is registered in one region. */
export const ApplicationOptions = z.strictObject({
  clientId: ClientId,
  clientSecret: z.string().min(1),
  /** Matched letter by letter; none allows every loopback URI that ends in /oauth/callback. */
  redirectUris: z.array(z.string()).readonly().optional(),
})
export type ApplicationOptions = Readonly<z.infer<typeof ApplicationOptions>>

/** A further Dexcom host, with accounts and credentials of its own (dexcom-api.md 1). */
export const RegionOptions = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and hyphens'),
  /** 0, the default, takes any free port. */
  port: z.number().int().min(0).max(65_535).optional(),
  /** 3600 in the US, 10800, the default, elsewhere. */
  vendorDelaySeconds: z.number().int().min(0).optional(),
  applications: z.array(ApplicationOptions).min(1).readonly(),
  users: z.array(SimulatedUser).readonly(),
  limits: LimitOptions.nullable().optional(),
})
export type RegionOptions = Readonly<z.infer<typeof RegionOptions>>
export type RegionInput = Readonly<z.input<typeof RegionOptions>>
