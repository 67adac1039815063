import { type AppNeeds, createRoutes } from '@bg-ingest/api/parts'

// Nothing of what the routes need is touched to read their specs.
const unused = {
  config: { dexcom: { regions: [], redirectUri: '' }, returnTo: { origins: [] } },
} as unknown as AppNeeds

/** The contract of every operation: the table that the API itself is made of, so that a new one is looked at by itself. */
export const specs = createRoutes(unused).map(({ spec }) => spec)
export type Spec = (typeof specs)[number]

export const methodOf = ({ method }: Spec): string => method.toUpperCase()

/** `userId` stands in the path as it is given. */
export const pathOf = ({ path }: Pick<Spec, 'path'>, userId: string): string =>
  path.replace('{userId}', userId).replace('{jobId}', 'no-such-job_0')

/** Scopes that let a caller, or a webhook's sender, in. */
export const scopeOf = ({ access }: Spec): string => (access.kind === 'public' ? '' : access.scope)

const BODIES = [undefined, { type: 'data.available' }, { paused: false }]

/** A body that the operation takes, none where none will do. A new operation that takes none of these adds its own above. */
export function bodyFor({ body, operationId }: Spec): string | undefined {
  if (!body) return undefined
  const good = BODIES.find((candidate) => body.safeParse(candidate).success)
  if (good === undefined && !body.safeParse(undefined).success)
    throw new Error(`test/support/every-route.ts knows no body that ${operationId} takes`)
  return good && JSON.stringify(good)
}

export const takesBody = ({ method }: Spec): boolean => method !== 'get'
