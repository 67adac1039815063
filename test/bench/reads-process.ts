import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { aClock } from '../support/clock.ts'
import type { Frame } from './cpu-profile.ts'
import { startNullDynamo } from './null-dynamo.ts'
import { getRequest } from './wire.ts'

type Port = 'http' | 'express' | 'cached' | 'logging' | 'uncached' | 'live' | 'liveStore'

/** The API and the bases beside it, in a process of their own (reads-server.ts). */
export interface ReadsProcess {
  /**
   * `cached` reads entries and keeps pages, `logging` writes a line for each call besides, `uncached` asks the store; none of
   * these turns anybody away, as `live` and `liveStore` do.
   */
  readonly ports: Readonly<Record<Port, number>>
  readonly people: readonly string[]
  /** What each of them sends to ask for the newest reading, or for a page of a day. */
  requests(what: 'latest' | 'page', headers?: string): readonly string[]
  /** CPU of parsing and mapping the store's answer to a page by hand, in microseconds. */
  mapByHand(): Promise<number>
  /** CPU that it uses while this runs, in microseconds. */
  cpuOf(work: () => Promise<unknown>): Promise<number>
  /** The costliest functions while this runs. */
  profile(work: () => Promise<unknown>): Promise<readonly Frame[]>
  /** Calls that DynamoDB has had so far. */
  storeCalls(): number
  stop(): Promise<void>
}

/** So old is the newest reading: all 288 lie within the day. */
const MINUTE_MS = 60_000

/** The null DynamoDB answers from this process, beside the load. */
export async function startReads(): Promise<ReadsProcess> {
  const dynamo = startNullDynamo(aClock().now() - MINUTE_MS).listen(0, '127.0.0.1')
  let storeCalls = 0
  dynamo.on('request', () => {
    storeCalls += 1
  })
  await once(dynamo, 'listening')
  dynamo.unref()
  const endpoint = `http://127.0.0.1:${(dynamo.address() as AddressInfo).port}`
  const child = fork(new URL('./reads-server.ts', import.meta.url), [endpoint], { execArgv: ['--conditions=source'] })
  const { ports, people, tokens } = await heard<Told>(child)
  const cpu = async () => {
    const { user, system } = (await tell<{ cpu: NodeJS.CpuUsage }>(child, 'cpu')).cpu
    return user + system
  }
  return {
    ports,
    people,
    requests: (what, headers) =>
      people.map((id, n) => getRequest(`/api/bg/${id}${what === 'latest' ? '/latest' : ''}`, tokens[n] ?? '', headers)),
    mapByHand: async () => (await tell<{ cpuUs: number }>(child, 'map')).cpuUs,
    async cpuOf(work) {
      const before = await cpu()
      await work()
      return (await cpu()) - before
    },
    async profile(work) {
      await tell(child, 'profile')
      await work()
      return (await tell<{ frames: readonly Frame[] }>(child, 'profiled')).frames
    },
    storeCalls: () => storeCalls,
    async stop() {
      child.send('stop')
      await once(child, 'exit')
      dynamo.close()
    },
  }
}

type Told = Pick<ReadsProcess, 'ports' | 'people'> & { readonly tokens: readonly string[] }

async function tell<T>(child: ChildProcess, order: string): Promise<T> {
  child.send(order)
  return heard(child)
}

/** What the process says next; throws where it ends instead. */
async function heard<T>(child: ChildProcess): Promise<T> {
  const listening = new AbortController()
  const { signal } = listening
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('the process under test ended')))
  try {
    const [told] = await Promise.race([once(child, 'message', { signal }), ended])
    return told as T
  } finally {
    listening.abort()
    ended.catch(() => undefined)
  }
}
