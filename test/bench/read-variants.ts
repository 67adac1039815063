import { closedLoop } from './closed-loop.ts'
import type { ReadsProcess } from './reads-process.ts'
import { openWires } from './wire.ts'

/** One kind of read, as it is measured. */
export interface Variant {
  readonly name: string
  readonly port: keyof ReadsProcess['ports']
  readonly what: 'latest' | 'page'
  readonly status: number
  readonly calls: number
  /** Sends the tag of the first answer. */
  readonly conditional?: boolean
}

const BASES = { http: 'bare node:http', express: 'bare express' } as const
const FEW = 200
const SOME = 1_000
const MANY = 5_000

export const READS = [
  { name: BASES.http, port: 'http', what: 'latest', status: 200, calls: MANY },
  { name: BASES.express, port: 'express', what: 'latest', status: 200, calls: MANY },
  { name: 'latest, entry', port: 'cached', what: 'latest', status: 200, calls: MANY },
  { name: 'latest, store', port: 'uncached', what: 'latest', status: 200, calls: SOME },
  { name: 'latest 304, entry', port: 'cached', what: 'latest', status: 304, calls: MANY, conditional: true },
  { name: 'page 304, entry', port: 'cached', what: 'page', status: 304, calls: MANY, conditional: true },
  { name: 'page 304, store', port: 'uncached', what: 'page', status: 304, calls: SOME, conditional: true },
  { name: 'page of a day, memory', port: 'cached', what: 'page', status: 200, calls: SOME },
  { name: 'page of a day, store', port: 'uncached', what: 'page', status: 200, calls: FEW },
] as const satisfies readonly Variant[]

/** Fewer than an API reads pages from its store at a time. */
const CONNECTIONS = 32

/** A variant with its connections open and its code warm. */
export interface Warm {
  readonly variant: Variant
  /** CPU of a call, in microseconds. */
  cpuUs(): Promise<number>
  /** Makes so many calls, by default those of a round. */
  run(calls?: number): Promise<void>
  close(): void
}

export async function warmUp(server: ReadsProcess, variant: Variant, connections = CONNECTIONS): Promise<Warm> {
  const wires = await openWires(server.ports[variant.port], connections)
  const plain = server.requests(variant.what).slice(0, connections)
  const requests = variant.conditional ? server.requests(variant.what, await tagOf(server, variant)) : plain
  const run = (calls = variant.calls) => closedLoop(wires, requests.slice(0, connections), { ...variant, calls })
  // Everybody once before the rounds, a few at a time: what is kept for each of them is then there.
  for (let at = 0; at < connections; at += CONNECTIONS)
    await closedLoop(wires.slice(at, at + CONNECTIONS), plain.slice(at, at + CONNECTIONS), {
      calls: CONNECTIONS,
      status: 200,
    })
  await run(variant.calls / 2)
  return {
    variant,
    run,
    cpuUs: async () => (await server.cpuOf(run)) / variant.calls,
    close() {
      for (const wire of wires) wire.close()
    },
  }
}

/** The header of a caller that holds what there is: everybody's tag is the same, since so is all that is stored. */
async function tagOf(server: ReadsProcess, { port, what }: Variant): Promise<string> {
  const [first = ''] = server.requests(what)
  const [, path = ''] = first.split(' ')
  const authorization = /Authorization: (.+)/.exec(first)?.[1] ?? ''
  const { headers } = await fetch(`http://127.0.0.1:${server.ports[port]}${path}`, { headers: { authorization } })
  return `If-None-Match: ${headers.get('etag')}\r\n`
}
