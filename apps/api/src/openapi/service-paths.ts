import * as z from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { PAGES, pageText } from '../oauth/pages.ts'
import { always, counted, header, refusal, TOO_LONG } from './answers.ts'

type Responses = ZodOpenApiOperationObject['responses']
type Parameters = ZodOpenApiOperationObject['requestParams']

const Health = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' })
const Readiness = z
  .strictObject({
    status: z.enum(['ready', 'unavailable', 'stopping']),
    missing: z.array(z.string()).meta({ description: 'What there has to be and is not' }),
    degraded: z.array(z.string()).meta({ description: 'What is away while reads go on' }),
  })
  .meta({ id: 'Readiness' })

/** The address space beside the routes: what probes, browsers and people on their way to Dexcom ask for. */
export const servicePaths: ZodOpenApiPathsObject = {
  '/healthz': {
    get: open('getHealth', 'service', 'Whether the process lives; no dependency is asked', {
      200: { description: 'It lives.', headers: always, content: json(Health, { status: 'ok' }) },
    }),
  },
  '/readyz': {
    get: open('getReadiness', 'service', 'Whether calls may be sent here', {
      200: {
        description: 'They may; without Redis reads alone go on.',
        headers: always,
        content: json(Readiness, { status: 'ready', missing: [], degraded: ['redis'] }),
      },
      503: {
        description: 'They may not: something is missing, or the process stops.',
        headers: always,
        content: json(Readiness, { status: 'unavailable', missing: ['dynamodb'], degraded: [] }),
      },
    }),
  },
  '/metrics': {
    get: open('getMetrics', 'service', 'What this process has measured, for Prometheus', {
      200: {
        description: 'Metrics in the text format of Prometheus.',
        headers: always,
        content: text('text/plain', '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n'),
      },
    }),
  },
  '/openapi.json': {
    get: open('getContract', 'service', 'This document', {
      200: {
        description: 'OpenAPI 3.1.',
        headers: counted,
        content: { 'application/json': { schema: { type: 'object' }, example: { openapi: '3.1.1' } } },
      },
      ...refusals(),
    }),
  },
  '/docs': {
    get: open('getDocs', 'service', 'This document for people, to try out', {
      200: {
        description: 'A page that loads nothing from elsewhere.',
        headers: counted,
        content: text('text/html', '<!doctype html>'),
      },
      ...refusals(),
    }),
  },
  '/oauth/start/{ticket}': {
    get: open(
      'startAuthorization',
      'connection',
      "The one-time address of `createConnection`, for the person's browser",
      {
        302: {
          description: "To Dexcom's login, with a cookie that ties what follows to this browser.",
          headers: { ...counted, Location: header('Location'), 'Set-Cookie': header('Set-Cookie') },
        },
        400: page('The address was used, has expired, or never was.', 'expired'),
        default: page('A fault on our side, 502.', 'failed'),
        ...pageRefusals(),
      },
      { path: z.object({ ticket: z.string().meta({ description: 'As `createConnection` gave it' }) }) },
    ),
  },
  '/oauth/callback': {
    get: open(
      'finishAuthorization',
      'connection',
      'Where Dexcom leads the browser back to',
      {
        200: page('Connected, or on the way to it.', 'connected'),
        302: {
          description: 'Connected, and on to `returnTo` with `connected=true`.',
          headers: { ...counted, Location: header('Location') },
        },
        400: page('No such attempt, another browser, or the person said no.', 'expired', 'foreign', 'denied'),
        409: page('Another Dexcom account than before.', 'wrongAccount'),
        502: page('Dexcom did not accept it. An earlier connection is as it was.', 'failed'),
        ...pageRefusals(),
      },
      {
        query: z.object({
          state: z.string().optional().meta({ description: 'Ours, as it went to Dexcom' }),
          code: z.string().optional().meta({ description: "Dexcom's, for a worker to exchange" }),
          error: z.string().optional().meta({ description: "Dexcom's, where the person said no" }),
        }),
      },
    ),
  },
}

/** An operation that needs no token. Probes and metrics are not counted, so that no crowd of callers hides them. */
function open(
  operationId: string,
  tag: 'service' | 'connection',
  summary: string,
  responses: Responses,
  requestParams?: Parameters,
): ZodOpenApiOperationObject {
  return {
    operationId,
    summary,
    tags: [tag],
    security: [],
    ...(requestParams ? { requestParams } : {}),
    responses: { ...responses, ...TOO_LONG },
  }
}

function json(schema: z.ZodType, example: unknown) {
  return { 'application/json': { schema, example } }
}

function text(type: string, example: string) {
  return { [type]: { schema: { type: 'string' as const }, example } }
}

/** A page for people, which one of these texts makes. */
function page(description: string, ...names: readonly (keyof typeof PAGES)[]) {
  const examples = Object.fromEntries(names.map((name) => [name, { value: pageText(PAGES[name]) }]))
  return { description, headers: counted, content: { 'text/html': { schema: { type: 'string' as const }, examples } } }
}

/** What stands in front of everything but probes and metrics. */
function refusals(): Responses {
  return {
    429: refusal(429, ['rate_limited']),
    503: refusal(503, ['service_unavailable']),
  }
}

/** The same, where the queue may be away besides: a person gets a page. */
function pageRefusals(): Responses {
  const { content, ...rest } = refusal(503, ['service_unavailable'])
  const away = page('', 'unavailable')
  return { ...refusals(), 503: { ...rest, content: { ...content, ...away.content } } }
}
