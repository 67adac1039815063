import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { expect } from 'chai'
import fc from 'fast-check'
import { aStoredReading } from '../support/build.ts'
import { type Operation, readContract, valuesOf } from '../support/openapi-fuzz.ts'
import { ALICE, anApi, aSync, CONNECTED, NOBODY, type TestApi, WEBHOOK_AUDIENCE } from '../unit/api/an-api.ts'

/** Requests of one operation; all of them together are above 5,000. */
const RUNS = 560
const ACCEPTS = [
  '*/*',
  'application/json',
  'text/csv',
  'application/x-ndjson',
  'text/html',
  'application/json;q=0, */*;q=0.1',
  '%%%',
]

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

describe('contract: the API answers nothing that docs/openapi.json does not list', function () {
  this.timeout(120_000)
  const { operations, answerCheck, resolve } = readContract()
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let api: TestApi
  let tokens: readonly string[]
  let relay: string
  const statuses = new Map<string, number>()

  before(async () => {
    // With a token alone, so that deliveries get past their proof.
    api = await anApi({ sender: { auth: 'jwt' } })
    relay = await api.token('relay', ['bg:webhook'], WEBHOOK_AUDIENCE)
    tokens = await Promise.all([
      api.token('alice'),
      api.token('alice'),
      api.token('alice'),
      api.token('alice', ['bg:read']),
      api.token('service', ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user']),
      'x.y.z',
    ])
    api.behind.readings = Array.from({ length: 20 }, () => aStoredReading({ userId: ALICE }))
    api.behind.syncs.set('job_0', aSync({ status: 'active' }))
  })
  after(() => {
    agent.destroy()
    return api.close()
  })

  /** Mostly the relay's where a delivery wants one: any other ends at its proof. */
  const tokenOf = ({ operationId }: Operation, choice: number) =>
    operationId === 'receiveWebhook' && choice % 4 !== 0 ? relay : tokens[choice % tokens.length]

  const sent = async ({ path, query, headers, body }: Call, method: string): Promise<Seen> => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const target = { agent, port: api.port, host: '127.0.0.1', method, path: `${path}${query}` }
    const req = request({ ...target, headers: { ...headers, ...length } })
    req.end(body)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of res) chunks.push(chunk)
    const [type = ''] = (res.headers['content-type'] ?? '').split(';')
    return { status: res.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() }
  }

  const callsOf = (operation: Operation): fc.Arbitrary<Call> => {
    const parameters = operation.parameters ?? []
    const valuesIn = (place: string) =>
      Object.fromEntries(
        parameters.filter((one) => one.in === place).map(({ name, schema }) => [name, valuesOf(schema, resolve)]),
      )
    const queries = valuesIn('query')
    // Two at a time: of nine at once, two always contradict each other.
    const someOf = fc
      .subarray(Object.keys(queries), { maxLength: Math.min(2, Object.keys(queries).length) })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, queries[name] ?? fc.constant('')]))))
    const schema = operation.requestBody?.content['application/json']?.schema
    const json = schema ? valuesOf(schema, resolve).map((value) => JSON.stringify(value)) : fc.constant(undefined)
    const bodies = fc.oneof(
      { weight: 8, arbitrary: json },
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('{', 'null', '[]') },
    )
    return fc
      .record({
        path: fc.record(idsIn(valuesIn('path'))),
        query: someOf,
        extra: fc.option(fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 })), { freq: 9 }),
        token: fc.option(fc.nat(), { freq: 9 }),
        accept: fc.oneof(
          { weight: 3, arbitrary: fc.constant('application/json') },
          { weight: 1, arbitrary: fc.constantFrom(...ACCEPTS) },
        ),
        type: fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain'),
        body: bodies,
      })
      .map(({ path, query, extra, token, accept, type, body }) => ({
        path: operation.path.replace(/\{(\w+)\}/g, (_, name) => encoded(path[name]) || 'alice'),
        query: queryOf(query, extra),
        headers: {
          accept,
          ...(token === null ? {} : { authorization: `Bearer ${tokenOf(operation, token)}` }),
          ...(body === undefined ? {} : { 'content-type': type }),
        },
        body,
      }))
  }

  /** What is wrong with an answer; null where it is as the contract says. */
  const complaint = (operation: Operation, { status, type, text }: Seen): string | null => {
    statuses.set(`${operation.operationId} ${status}`, (statuses.get(`${operation.operationId} ${status}`) ?? 0) + 1)
    if (status === 500) return 'a fault'
    const check = answerCheck(operation, status, type)
    if (!check) return `${status} with ${type} is not in the contract`
    const value = type.endsWith('json') && !type.includes('ndjson') ? JSON.parse(text) : text
    return check(value) ? null : `${status} does not match its schema: ${JSON.stringify(check.errors?.[0])}`
  }

  for (const operation of operations)
    it(`${operation.operationId}, whatever is asked`, async () => {
      let runs = 0
      await fc.assert(
        fc.asyncProperty(callsOf(operation), async (call) => {
          runs += 1
          api.behind.account = runs % 7 === 0 ? NOBODY : CONNECTED
          const wrong = complaint(operation, await sent(call, operation.method))
          if (wrong !== null) throw new Error(wrong)
        }),
        { numRuns: RUNS },
      )
    })

  it('has sent as many as it says, and reached what is behind the checks', () => {
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    expect(total).to.be.at.least(5_000)
    for (const reached of [
      'getLatestReading 200',
      'listReadings 200',
      'listReadings 400',
      'listChanges 200',
      'requestSync 202',
      'getSync 200',
      'getSync 404',
      'createConnection 201',
      'deleteConnection 202',
      'getConnection 403',
      'receiveWebhook 202',
      'receiveWebhook 401',
      'listReadings 406',
      'requestSync 415',
    ])
      expect(statuses.get(reached) ?? 0, reached).to.be.above(0)
  })
})

/** The person and the job that are there, mostly: behind others there is nothing to see. */
function idsIn(ids: Readonly<Record<string, fc.Arbitrary<unknown>>>): Record<string, fc.Arbitrary<unknown>> {
  const known = (name: string) => fc.constant(name === 'jobId' ? 'job_0' : 'alice')
  const mostly = (name: string, any: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 3, arbitrary: known(name) }, { weight: 1, arbitrary: any })
  return Object.fromEntries(Object.entries(ids).map(([name, any]) => [name, mostly(name, any)]))
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
