import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { aClock } from '../support/clock.ts'
import { startNullDynamo } from './null-dynamo.ts'
import { type Bench, type BenchOptions, type BenchResult, median } from './result.ts'

interface Server {
  readonly child: ChildProcess
  readonly ports: Readonly<Record<'http' | 'express' | 'cached' | 'uncached', number>>
  readonly token: string
  readonly stop: () => void
}

interface Variant {
  readonly name: string
  readonly port: keyof Server['ports']
  readonly path: string
  readonly status: number
  readonly calls: number
  /** Sends the tag of the first answer. */
  readonly conditional?: boolean
}

const LATEST = '/api/bg/alice/latest'
const PAGE = '/api/bg/alice'
const BASE = 'bare express'
const FEW = 150
const MANY = 3_000

const VARIANTS: readonly Variant[] = [
  { name: 'bare node:http', port: 'http', path: LATEST, status: 200, calls: MANY },
  { name: BASE, port: 'express', path: LATEST, status: 200, calls: MANY },
  { name: 'latest, entry', port: 'cached', path: LATEST, status: 200, calls: MANY },
  { name: 'latest, store', port: 'uncached', path: LATEST, status: 200, calls: 600 },
  { name: 'latest 304, entry', port: 'cached', path: LATEST, status: 304, calls: MANY, conditional: true },
  { name: 'page 304, entry', port: 'cached', path: PAGE, status: 304, calls: MANY, conditional: true },
  { name: 'page 304, store', port: 'uncached', path: PAGE, status: 304, calls: 600, conditional: true },
  { name: 'page of a day, memory', port: 'cached', path: PAGE, status: 200, calls: 600 },
  { name: 'page of a day, store', port: 'uncached', path: PAGE, status: 200, calls: FEW },
]

const CONCURRENCY = 50
/** So old is the newest reading: all 288 lie within the day. */
const MINUTE_MS = 60_000

/** What reads cost the API: everything on, over a Redis and a null DynamoDB. */
export const reads: Bench = {
  summary: 'CPU of latest, a page of a day and 304, from the entry and from the store, against bare express',
  async run({ rounds }: BenchOptions) {
    const server = await startServer()
    try {
      const tags = new Map<Variant, string>()
      for (const variant of VARIANTS) tags.set(variant, await warm(server, variant))
      const taken = new Map(VARIANTS.map((variant) => [variant, [] as number[]]))
      for (let round = 0; round < rounds; round += 1)
        for (const variant of VARIANTS) taken.get(variant)?.push(await cpuPerCall(server, variant, tags.get(variant)))
      return resultsOf(taken, rounds)
    } finally {
      server.child.send('stop')
      await once(server.child, 'exit')
      server.stop()
    }
  },
}

function resultsOf(taken: ReadonlyMap<Variant, readonly number[]>, rounds: number): readonly BenchResult[] {
  const of = (name: string) => [...taken].find(([variant]) => variant.name === name)?.[1] ?? []
  const goals: Readonly<Record<string, readonly [base: string, most: number, text: string]>> = {
    'latest, entry': ['bare node:http', 3.2, 'at most 3.2 x bare node:http'],
    'page of a day, memory': ['page of a day, store', 1 / 15, 'at least 15 x cheaper than the store'],
  }
  return [...taken].map(([{ name, calls }, costs]) => {
    const [base = BASE, most = Number.POSITIVE_INFINITY, text] = goals[name] ?? []
    const ratio = median(costs.map((cost, round) => cost / (of(base)[round] ?? Number.NaN)))
    const goal = text ? { goal: { text, met: ratio <= most } } : {}
    const spread = [Math.min(...costs), Math.max(...costs)] as const
    return { name, cpuUs: median(costs), spread, ratio, base, n: calls * rounds, ...goal }
  })
}

/** The null DynamoDB answers from this process, beside the load. */
async function startServer(): Promise<Server> {
  const dynamo = startNullDynamo(aClock().now() - MINUTE_MS).listen(0, '127.0.0.1')
  await once(dynamo, 'listening')
  dynamo.unref()
  const endpoint = `http://127.0.0.1:${(dynamo.address() as AddressInfo).port}`
  const child = fork(new URL('./reads-server.ts', import.meta.url), [endpoint], { execArgv: ['--conditions=source'] })
  const [{ ports, token }] = (await once(child, 'message')) as [Pick<Server, 'ports' | 'token'>]
  return { child, ports, token, stop: () => dynamo.close() }
}

/** Warms the variant up, and answers its tag. */
async function warm(server: Server, variant: Variant): Promise<string> {
  const agent = new Agent({ keepAlive: true })
  const { etag } = await call(server, { ...variant, status: 200 }, agent)
  agent.destroy()
  await cpuPerCall(server, { ...variant, calls: variant.calls / 2 }, etag)
  return etag
}

async function cpuPerCall(server: Server, variant: Variant, tag = ''): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })
  const before = await cpuOf(server)
  let left = variant.calls
  const caller = async () => {
    while (left-- > 0) await call(server, variant, agent, variant.conditional ? tag : undefined)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, caller))
  const after = await cpuOf(server)
  agent.destroy()
  return (after - before) / variant.calls
}

async function cpuOf({ child }: Server): Promise<number> {
  child.send('cpu')
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}

function call({ ports, token }: Server, { port, path, status }: Variant, agent: Agent, tag?: string) {
  return new Promise<{ etag: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(tag ? { 'if-none-match': tag } : {}) }
    const asked = request({ host: '127.0.0.1', port: ports[port], path, agent, headers }, (res) => {
      res.resume()
      res.once('end', () => {
        if (res.statusCode === status) resolve({ etag: String(res.headers.etag) })
        else reject(new Error(`${path} answered ${res.statusCode}`))
      })
    })
    asked.once('error', reject)
    asked.end()
  })
}
