import { ERROR_CODES, type ErrorCode } from '@bg-ingest/domain'
import * as z from 'zod'
import type { ZodOpenApiResponsesObject } from 'zod-openapi'
import type { Route } from '../define-route.ts'
import { ANSWERED, meaningOf } from '../errors-document.ts'
import type { headers } from './components.ts'
import { EXAMPLES, problemExample, ROW_EXAMPLES } from './examples.ts'

type Spec = Route['spec']

const Problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(ANSWERED),
    requestId: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Switch on `code`; `errors` comes with 400 alone.' })

export const header = (name: keyof typeof headers) => ({ $ref: `#/components/headers/${name}` })
/** On every answer. */
export const always = { 'X-Request-Id': header('X-Request-Id') }
/** On every answer that is counted. */
export const counted = { ...always, RateLimit: header('RateLimit'), 'RateLimit-Policy': header('RateLimit-Policy') }

/** What the middleware in front of every route may answer, beside what the route says of itself. */
function errorCodes({ errors, access, method }: Spec): readonly ErrorCode[] {
  const guards: readonly ErrorCode[] = access.kind === 'public' ? [] : ['unauthorized', 'forbidden']
  const body: readonly ErrorCode[] = method === 'get' ? [] : ['payload_too_large', 'unsupported_media_type']
  const anywhere = [
    'invalid_request',
    'not_acceptable',
    'rate_limited',
    'service_unavailable',
    'internal_error',
  ] as const
  const all = new Set<ErrorCode>([...errors, ...guards, ...body, ...anywhere])
  return ANSWERED.filter((code) => all.has(code))
}

/** Reads that carry an ETag. */
export const isConditional = ({ method, access }: Spec): boolean =>
  method === 'get' && access.kind === 'owner' && access.scope === 'bg:read'

/** Every status a route can answer. */
export function answersOf(spec: Spec): ZodOpenApiResponsesObject {
  const answers: ZodOpenApiResponsesObject = {}
  for (const [status, schema] of Object.entries(spec.responses))
    answers[status as '200'] = success(spec, status, schema)
  if (isConditional(spec))
    answers['304'] = { description: 'Nothing has changed since the answer with this ETag.', headers: counted }
  const byStatus = Map.groupBy(errorCodes(spec), (code) => ERROR_CODES[code].status)
  for (const [status, codes] of byStatus) answers[`${status}` as '400'] = refusal(status, codes)
  return { ...answers, ...TOO_LONG }
}

function success(spec: Spec, status: string, schema: z.ZodType) {
  const id = String(schema.meta()?.['id'])
  const example = EXAMPLES[id]
  if (example === undefined) throw new Error(`openapi/examples.ts has no example of ${id}`)
  const headers = {
    ...counted,
    ...(isConditional(spec) ? { ETag: header('ETag') } : {}),
    ...(spec.rows ? { Link: header('Link') } : {}),
    ...(spec.operationId === 'requestSync' ? { Location: header('Location') } : {}),
  }
  const rows = Object.entries(ROW_EXAMPLES).map(([type, text]) => [type, { schema: { type: 'string' }, example: text }])
  const content = { 'application/json': { schema, example }, ...(spec.rows ? Object.fromEntries(rows) : {}) }
  return { description: DESCRIPTIONS[status] ?? 'Done.', headers, content }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  200: 'What was asked for.',
  201: 'Made.',
  202: 'Accepted: a worker does it.',
}

/** Node itself answers this one, before anything of the request is known. */
export const TOO_LONG = {
  431: { description: 'The headers are longer than 16 kB. There is no body, and the connection is closed.' },
} as const

export function refusal(status: number, codes: readonly ErrorCode[]) {
  const retry = status === 429 || status === 503 ? { 'Retry-After': header('Retry-After') } : {}
  const challenge = status === 401 ? { 'WWW-Authenticate': header('WWW-Authenticate') } : {}
  const examples = Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }]))
  return {
    description: codes.map((code) => `\`${code}\`: ${meaningOf(code)}`).join('\n\n'),
    headers: { ...(status < 500 ? counted : always), ...retry, ...challenge },
    content: { 'application/problem+json': { schema: Problem, examples } },
  }
}
