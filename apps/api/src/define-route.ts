import { AppError, type ErrorCode, type FieldError } from '@bg-ingest/domain'
import type { Caller } from '@bg-ingest/security'
import type { Request, RequestHandler, Response } from 'express'
import * as z from 'zod'
import { isNamed } from './etag.ts'
import { type Format, negotiate } from './formats/format.ts'
import { type Pages, type RowSpec, sendRows } from './formats/rows.ts'
import { requestIdOf } from './middleware/request-id.ts'

/** Who may call a route. There is no default: a route without a policy does not compile. */
export type Access =
  | { readonly kind: 'public' }
  /** The token's subject must be the path's `userId`, unless it is a service token (`bg:any-user`). */
  | { readonly kind: 'owner'; readonly scope: 'bg:read' | 'bg:sync' | 'bg:connect' }
  /** Whoever proves to be a configured webhook sender, over the body's bytes (webhook/sender-guard.ts). */
  | { readonly kind: 'sender'; readonly scope: 'bg:webhook' }

export interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly operationId: string
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  /** OpenAPI form: `/api/bg/{userId}/latest`. */
  readonly path: `/${string}`
  readonly summary: string
  readonly access: Access
  readonly params: P
  readonly query: Q
  /** Absent: a request body is refused. */
  readonly body?: B
  /** Every success this route answers, by status. */
  readonly responses: Readonly<Record<number, z.ZodType>>
  /** What its list looks like in CSV and NDJSON; absent: the route answers in JSON alone. */
  readonly rows?: RowSpec
  /** Of its own: what any route may come to is added in openapi/answers.ts, from `access` and `body`. */
  readonly errors: readonly ErrorCode[]
}

export type Headers = Readonly<Record<string, string>>

export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Headers
}

/** An answer whose JSON was written and checked before, piece by piece. */
export interface WrittenReply {
  readonly json: readonly (string | Buffer)[]
  /** How many readings it shows, for the audit trail. */
  readonly readings: number
  readonly headers: Headers
}

/** The caller holds what there is: 304. */
export interface UnchangedReply {
  readonly unchanged: true
  readonly headers: Headers
}

/** For a caller that asked for rows: pages, written one after the other as they are fetched. */
export interface RowsReply {
  readonly pages: Pages
  readonly headers: Headers
}

export interface RouteInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>
  readonly query: z.output<Q>
  readonly body: z.output<B>
  readonly caller: Caller | null
  readonly requestId: string
  /** How the caller wants it; never other than `json` where the route offers no rows. */
  readonly format: Format
  readonly header: (name: string) => string | undefined
}

export interface Route {
  readonly spec: RouteSpec<z.ZodType, z.ZodType, z.ZodType>
  readonly handler: RequestHandler
}

/** Joins a route's contract with its code: input is parsed before, the answer after; both fail loudly. */
export function defineRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType = z.ZodUndefined>(
  spec: RouteSpec<P, Q, B>,
  handle: (input: RouteInput<P, Q, B>) => Promise<Reply | WrittenReply | UnchangedReply | RowsReply>,
): Route {
  // Where a schema cannot be compiled it is its own: zod falls back.
  const compiled = { ...spec, params: z.compile(spec.params), query: z.compile(spec.query) }
  const handler: RequestHandler = async (req, res) => {
    const format = negotiate(req, spec.rows !== undefined)
    if (spec.rows) res.vary('Accept')
    const reply = await handle(readInput(compiled, req, res, format))
    if ('body' in reply) return send(spec, req, res, reply)
    if ('unchanged' in reply) return void res.status(304).set(reply.headers).end()
    if ('json' in reply) return sendWritten(res, reply)
    if (!spec.rows || format === 'json') throw new Error(`${spec.operationId} has no rows for ${format}`)
    await sendRows(res.set(reply.headers), spec.rows, format, reply.pages)
  }
  return { spec, handler }
}

/** Proxies end URLs near 2 kB. Looked at behind the parameters, whose own complaints name the one that is too long. */
const MAX_URL_CHARS = 2_048

function readInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  spec: RouteSpec<P, Q, B>,
  req: Request,
  res: Response,
  format: Format,
): RouteInput<P, Q, B> {
  const params = parse(spec.params, req.params, parameterName)
  const query = parse(spec.query, req.query, parameterName)
  if (req.originalUrl.length > MAX_URL_CHARS)
    throw new AppError('invalid_request', `An address has at most ${MAX_URL_CHARS} characters`)
  if (!spec.body && req.body !== undefined)
    throw new AppError('invalid_request', 'This operation takes no body', {
      errors: [{ pointer: '', detail: 'unexpected body' }],
    })
  const body = spec.body ? parse(spec.body, req.body, jsonPointer) : undefined
  const caller = (res.locals as { caller?: Caller }).caller ?? null
  return {
    params,
    query,
    body: body as z.output<B>,
    caller,
    requestId: requestIdOf(res),
    format,
    header: (name) => req.get(name),
  }
}

type Path = readonly PropertyKey[]

const parameterName = (path: Path): string => path.map(String).join('.')

/** RFC 6901: the empty text is the whole body, and a name may hold what separates names. */
const jsonPointer = (path: Path): string =>
  path.map((name) => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function parse<S extends z.ZodType>(schema: S, value: unknown, pointer: (path: Path) => string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, pointer))
  throw new AppError('invalid_request', 'The request does not match the contract', { errors })
}

function fieldErrors(issue: z.core.$ZodIssue, pointer: (path: Path) => string): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'unknown name' }))
  return [{ pointer: pointer(issue.path), detail: issue.message }]
}

/** How many readings an answer shows, for the audit trail. */
function readingsIn(body: unknown): number {
  const { readings, changes } = (body ?? {}) as { readonly readings?: unknown; readonly changes?: unknown }
  const list = readings ?? changes
  return Array.isArray(list) ? list.length : 0
}

function send(spec: RouteSpec<z.ZodType, z.ZodType, z.ZodType>, req: Request, res: Response, reply: Reply): void {
  const schema = spec.responses[reply.status]
  if (!schema) throw new Error(`${spec.operationId} answered ${reply.status}, which its contract does not list`)
  const body = schema.parse(reply.body)
  res.locals['readings'] = readingsIn(body)
  res.status(reply.status).set(reply.headers ?? {})
  const etag = reply.headers?.['ETag']
  if (etag !== undefined && isNamed(etag, req.get('if-none-match'))) res.status(304).end()
  else res.json(body)
}

/** Past Express' own `send`, which would look at all of it again for a length, a charset and a tag. */
function sendWritten(res: Response, { json, readings, headers }: WrittenReply): void {
  res.locals['readings'] = readings
  const length = json.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)
  res.writeHead(200, { ...headers, 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': length })
  const [whole, ...more] = json
  // Node writes a lone text and the headers as one string: a tenth cheaper than several pieces in one packet.
  if (more.length === 0) return void res.end(whole)
  res.cork()
  for (const piece of json) res.write(piece)
  res.end()
}
