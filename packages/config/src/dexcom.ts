import * as z from 'zod'
import { type Concern, concern, type Environment } from './concern.ts'
import { flag, parsed, parseOrigin, parseUrl, text, WEB, wholeNumber } from './fields.ts'
import { httpsInProduction } from './production.ts'
import { Secret } from './secret.ts'

/** Dexcom v3, developer pages. The floors forbid importing the same table from packages/dexcom-contract. */
const HOSTS: Readonly<Record<string, string>> = {
  US: 'https://api.dexcom.com',
  EU: 'https://api.dexcom.eu',
  JP: 'https://api.dexcom.jp',
}

const VARIABLES = { clientId: 'CLIENT_ID', clientSecret: 'CLIENT_SECRET', baseUrl: 'API_BASE_URL' } as const
const OF_A_REGION = /^DEXCOM_([A-Z][A-Z0-9]*)_(?:CLIENT_ID|CLIENT_SECRET|API_BASE_URL)$/

const publicFields = {
  clientId: text,
  baseUrl: parsed(parseOrigin, 'must be an http or https URL of a host alone, without a path'),
}
const fullFields = { ...publicFields, clientSecret: text.transform((value) => new Secret(value)) }

/** One Dexcom application in one region; the variables of a region carry its name, those of `default` none. */
function region<T extends object>(name: string, schema: z.ZodType<T>): Concern<T & { readonly name: string }> {
  const prefix = name === 'default' ? 'DEXCOM_' : `DEXCOM_${name}_`
  return (env) => {
    const outcome = concern(schema)({
      clientId: env[`${prefix}${VARIABLES.clientId}`],
      clientSecret: env[`${prefix}${VARIABLES.clientSecret}`],
      baseUrl: env[`${prefix}${VARIABLES.baseUrl}`] ?? HOSTS[name],
    })
    if ('value' in outcome) return { value: { name, ...outcome.value } }
    const variable = (field: string) => `${prefix}${VARIABLES[field as keyof typeof VARIABLES]}`
    return { problems: outcome.problems.map((problem) => ({ ...problem, name: variable(problem.name) })) }
  }
}

const regionNames = (env: Environment): readonly string[] => {
  const further = Object.keys(env).flatMap((name) => OF_A_REGION.exec(name)?.[1] ?? [])
  return ['default', ...[...new Set(further)].sort()]
}

/** Every region of the environment, `default` first. */
function regions<T extends object>(schema: z.ZodType<T>): Concern<readonly (T & { readonly name: string })[]> {
  return (env) => {
    const outcomes = regionNames(env).map((name) => region(name, schema)(env))
    const problems = outcomes.flatMap((outcome) => ('problems' in outcome ? outcome.problems : []))
    return problems.length > 0 ? { problems } : { value: outcomes.flatMap((o) => ('value' in o ? o.value : [])) }
  }
}

/** Where the API sends people to: no secret, since the API never talks to Dexcom. */
export const dexcomPublicRegions = regions(z.object(publicFields))
export const dexcomRegions = regions(z.object(fullFields))

// RFC 6749, 3.1.2: absolute, without a fragment.
const readRedirectUri = (value: string) => (parseUrl(value, WEB)?.hash === '' && !value.includes('#') ? value : null)

const redirectUri = parsed(readRedirectUri, 'must be an http or https URL without a fragment')
const https = httpsInProduction(/^DEXCOM_(\w+_)?API_BASE_URL$|^DEXCOM_REDIRECT_URI$/)

export const dexcomRedirect = concern(
  z
    .object({ DEXCOM_REDIRECT_URI: redirectUri, DEXCOM_PKCE: flag })
    .transform((env) => ({ redirectUri: env.DEXCOM_REDIRECT_URI, pkce: env.DEXCOM_PKCE })),
  https,
)

export const dexcomBudget = concern(
  z
    .object({ DEXCOM_RATE_LIMIT_PER_HOUR: wholeNumber({ min: 1, max: 100_000_000 }) })
    .transform((env) => ({ callsPerHour: env.DEXCOM_RATE_LIMIT_PER_HOUR })),
)
