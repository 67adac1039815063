import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import fc from 'fast-check'
import { type Contract, type Operation, rightValuesOf, valuesOf } from './openapi-fuzz.ts'

const ACCEPTS = [
  '*/*',
  'application/json',
  'text/csv',
  'application/x-ndjson',
  'text/html',
  'application/json;q=0, */*;q=0.1',
  '%%%',
]
const HEADER_VALUES = ['*', '"x"', 'wait=0', 'wait=x', '0']

interface Call {
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Seen {
  readonly status: number
  readonly type: string
  readonly text: string
}

interface FuzzOptions {
  readonly port: number
  readonly contract: Contract
  /** A token for a call, by a number that chance has thrown. */
  readonly tokenOf: (operation: Operation, choice: number) => string
  /** Values of parameters behind which there is something to see, tried more often than others. */
  readonly known: Readonly<Record<string, string>>
  readonly beforeCall: (operation: Operation, run: number) => void
}

export interface Fuzz {
  /** Throws, with a call shrunk to what matters, where an answer is not as the contract says. */
  run(operation: Operation, runs: number): Promise<void>
  /** How often which operation has answered with which status: `listReadings 200`. */
  readonly statuses: ReadonlyMap<string, number>
  close(): void
}

/** Calls made of the contract's own schemas, most of them right, some of them anything, and every answer held against it. */
export function createFuzz({ port, contract, tokenOf, known, beforeCall }: FuzzOptions): Fuzz {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const statuses = new Map<string, number>()

  const send = async (call: Call, method: string): Promise<Seen> => {
    const { path, query, headers, body } = call
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const target = { agent, port, host: '127.0.0.1', method, path: `${path}${query}` }
    const req = request({ ...target, headers: { ...headers, ...length } })
    req.end(body)
    let res: IncomingMessage
    try {
      res = ((await once(req, 'response')) as [IncomingMessage])[0]
    } catch (err) {
      // The server closed an idle connection just as it was taken again: it has not seen this call (Node, `reusedSocket`).
      if (req.reusedSocket && (err as NodeJS.ErrnoException).code === 'ECONNRESET') return send(call, method)
      throw err
    }
    const chunks: Buffer[] = []
    for await (const chunk of res) chunks.push(chunk)
    const [type = ''] = (res.headers['content-type'] ?? '').split(';')
    return { status: res.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() }
  }

  /** What is wrong with an answer; null where it is as the contract says. */
  const complaint = (operation: Operation, { status, type, text }: Seen): string | null => {
    const name = `${operation.operationId} ${status}`
    statuses.set(name, (statuses.get(name) ?? 0) + 1)
    if (status === 500) return 'a fault'
    const check = contract.answerCheck(operation, status, type)
    if (!check) return `${status} with ${type} is not in the contract`
    const value = type.endsWith('json') && !type.includes('ndjson') ? JSON.parse(text) : text
    return check(value) ? null : `${status} does not match its schema: ${JSON.stringify(check.errors?.[0])}`
  }

  return {
    statuses,
    close: () => agent.destroy(),
    async run(operation, runs) {
      let count = 0
      const property = fc.asyncProperty(callsOf(operation, { contract, tokenOf, known }), async (call) => {
        count += 1
        beforeCall(operation, count)
        const wrong = complaint(operation, await send(call, operation.method))
        if (wrong !== null) throw new Error(wrong)
      })
      await fc.assert(property, { numRuns: runs })
    },
  }
}

function callsOf(
  operation: Operation,
  { contract: { resolve }, tokenOf, known }: Pick<FuzzOptions, 'contract' | 'tokenOf' | 'known'>,
): fc.Arbitrary<Call> {
  const parameters = (place: string) => (operation.parameters ?? []).filter((one) => one.in === place)
  const valuesIn = (place: string) =>
    Object.fromEntries(parameters(place).map(({ name, schema }) => [name, valuesOf(schema, resolve)]))
  const headerNames = parameters('header').map(({ name }) => name)
  return fc
    .record({
      path: fc.record(mostlyKnown(valuesIn('path'), known)),
      query: someOf(valuesIn('query')),
      // Hardly ever: a parameter that nobody knows is refused before all else is looked at.
      extra: fc.oneof(
        { weight: 8, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 })) },
      ),
      token: fc.option(fc.nat(), { freq: 9 }),
      accept: fc.oneof(
        { weight: 3, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom(...ACCEPTS) },
      ),
      headers: someOf(Object.fromEntries(headerNames.map((name) => [name, fc.constantFrom(...HEADER_VALUES)]))),
      type: fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain'),
      body: bodiesOf(operation, resolve),
    })
    .map(({ path, query, extra, token, accept, headers, type, body }) => ({
      path: operation.path.replace(/\{(\w+)\}/g, (_, name) => encoded(path[name]) || 'alice'),
      query: queryOf(query, extra),
      headers: {
        accept,
        ...(headers as Record<string, string>),
        ...(token === null ? {} : { authorization: `Bearer ${tokenOf(operation, token)}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      body,
    }))
}

/** Two at a time: of nine at once, two always contradict each other. */
const someOf = (values: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> =>
  fc
    .subarray(Object.keys(values), { maxLength: Math.min(2, Object.keys(values).length) })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, values[name] ?? fc.constant('')]))))

function bodiesOf({ requestBody }: Operation, resolve: Contract['resolve']): fc.Arbitrary<string | undefined> {
  const schema = requestBody?.content['application/json']?.schema
  const written = (of: typeof valuesOf) =>
    schema ? of(schema, resolve).map((value) => JSON.stringify(value)) : fc.constant(undefined)
  return fc.oneof(
    { weight: 6, arbitrary: written(valuesOf) },
    // A body of many fields is hardly ever right in all of them by chance.
    { weight: 2, arbitrary: written(rightValuesOf) },
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('{', 'null', '[]') },
  )
}

function mostlyKnown(values: Readonly<Record<string, fc.Arbitrary<unknown>>>, known: FuzzOptions['known']) {
  const mostly = (name: string, any: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(known[name] ?? 'x') }, { weight: 1, arbitrary: any })
  return Object.fromEntries(Object.entries(values).map(([name, any]) => [name, mostly(name, any)]))
}

function encoded(value: unknown): string {
  try {
    return encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))
  } catch {
    return '%zz' // half a surrogate pair has no UTF-8
  }
}

function queryOf(query: Readonly<Record<string, unknown>>, extra: readonly [string, string] | null): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => `${name}=${encoded(one)}`))
  if (extra) pairs.push(`${encoded(extra[0])}=${encoded(extra[1])}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
