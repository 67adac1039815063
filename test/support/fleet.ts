import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { GateWorker } from './gate-worker.ts'

const script = fileURLToPath(new URL('./gate-worker.ts', import.meta.url))

interface Arrival {
  readonly atMs: number
  /** Name of the worker; null for a token call. */
  readonly worker: string | null
}

export interface FleetMember {
  readonly name: string
  readonly pid: number
  /** What it printed about its spacing: fleet, local. */
  readonly spacings: string[]
  kill(): Promise<void>
}

/** Workers as processes of their own, and the Dexcom that they call, which remembers when each call arrived. */
export interface Fleet {
  readonly arrivals: Arrival[]
  /** Answers every call this way until further notice; null: well again. */
  answer(how: ((res: ServerResponse) => void) | null): void
  start(): Promise<FleetMember>
  stop(): Promise<void>
}

const RANGE = JSON.stringify({ recordType: 'dataRange', recordVersion: '3.0', userId: 'somebody', egvs: null })
const TOKENS = JSON.stringify({ access_token: 'a', refresh_token: 'r', expires_in: 7200, token_type: 'Bearer' })

export async function startFleet(options: Pick<GateWorker, 'redisUrl' | 'perHour' | 'lines'>): Promise<Fleet> {
  const arrivals: Arrival[] = []
  const members = new Set<FleetMember>()
  const well = (res: ServerResponse, isToken: boolean) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end(isToken ? TOKENS : RANGE)
  let answer: ((res: ServerResponse) => void) | null = null
  const server = createServer((req, res) => {
    const atMs = performance.now()
    const isToken = req.method === 'POST'
    arrivals.push({ atMs, worker: isToken ? null : (req.headers.authorization?.replace('Bearer ', '') ?? '') })
    req.resume().on('end', () => (answer ? answer(res) : well(res, isToken)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let started = 0

  return {
    arrivals,
    answer(how) {
      answer = how
    },
    async start() {
      started += 1
      const name = `worker-${started}`
      const args = [script, JSON.stringify({ ...options, baseUrl, name } satisfies GateWorker)]
      const child = spawn(process.execPath, ['--conditions=source', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      const member = await memberOf(child, name)
      members.add(member)
      return member
    },
    async stop() {
      await Promise.all([...members].map((member) => member.kill()))
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function memberOf(child: ChildProcess, name: string): Promise<FleetMember> {
  const spacings: string[] = []
  const exited = once(child, 'exit')
  const isStarted = Promise.withResolvers<void>()
  if (!child.stdout) throw new Error('no output')
  createInterface({ input: child.stdout }).on('line', (line) =>
    line === 'started' ? isStarted.resolve() : spacings.push(line),
  )
  await Promise.race([isStarted.promise, exited.then(() => Promise.reject(new Error('the worker ended')))])
  return {
    name,
    pid: child.pid ?? 0,
    spacings,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** The most calls that began within any stretch of `ms`. */
export function mostWithin(arrivals: readonly Arrival[], ms: number): number {
  const times = arrivals.map(({ atMs }) => atMs).sort((a, b) => a - b)
  let most = 0
  let first = 0
  for (const [last, time] of times.entries()) {
    while (time - (times[first] ?? time) >= ms) first += 1
    most = Math.max(most, last - first + 1)
  }
  return most
}

export const countBetween = (arrivals: readonly Arrival[], fromMs: number, toMs: number): number =>
  arrivals.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length
