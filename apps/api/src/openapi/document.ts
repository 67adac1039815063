import type * as z from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { Access, Route } from '../define-route.ts'
import { answersOf } from './answers.ts'
import { DESCRIPTION, headers, securitySchemes, tags } from './components.ts'
import { headersOf } from './request-headers.ts'
import { servicePaths } from './service-paths.ts'

type Spec = Route['spec']

/** The contract as OpenAPI 3.1, made of the very schemas that check requests and answers. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: ZodOpenApiPathsObject = {}
  for (const { spec } of routes) paths[spec.path] = { ...paths[spec.path], [spec.method]: operationOf(spec) }
  Object.assign(paths, servicePaths)
  const document = createDocument({
    openapi: '3.1.1',
    info: {
      title: 'BG Ingest',
      version: '1.0.0',
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The service that serves this document.' }],
    tags: [...tags],
    paths,
    components: { headers, securitySchemes },
  })
  return tidied(document) as object
}

function operationOf(spec: Spec): ZodOpenApiOperationObject {
  const { operationId, summary, params, query, body, access } = spec
  return {
    operationId,
    summary,
    tags: [tagOf(spec.path)],
    security: securityOf(access),
    requestParams: { path: params as z.ZodObject, query: query as z.ZodObject, ...headersOf(spec) },
    ...(body ? { requestBody: bodyOf(body) } : {}),
    responses: answersOf(spec),
  }
}

const bodyOf = (schema: z.ZodType) => ({
  required: !schema.safeParse(undefined).success,
  content: { 'application/json': { schema } },
})

function tagOf(path: string): (typeof tags)[number]['name'] {
  if (path.endsWith('/connection')) return 'connection'
  return /\/(?:sync|webhook)(?:\/|$)/.test(path) ? 'sync' : 'readings'
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access.kind === 'public') return []
  return access.kind === 'owner' ? [{ token: [access.scope] }] : [{ webhookSignature: [], senderToken: [access.scope] }]
}

const SAFE = Number.MAX_SAFE_INTEGER

/** Two habits of zod's JSON Schema: bounds that say only "a safe integer", and no type where a transform ends in text. */
function tidied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidied)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(
    ([name, field]) => !((name === 'minimum' && field === -SAFE) || (name === 'maximum' && field === SAFE)),
  )
  const fields = Object.fromEntries(entries.map(([name, field]) => [name, tidied(field)]))
  return fields['format'] === 'date-time' && fields['type'] === undefined ? { type: 'string', ...fields } : fields
}
