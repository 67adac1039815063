import type { Caller, DexcomEndpoint } from './caller.ts'
import { dataFailure, dataRefusal, unreadable } from './refusal.ts'
import { type Timeouts, TransportFailure } from './transport.ts'

/** Who asks, for whom, how urgently (1 first), and until when. */
export interface DexcomCall {
  readonly region: string
  readonly accessToken: string
  readonly priority: number
  readonly signal: AbortSignal
}

interface DataRequest {
  readonly endpoint: DexcomEndpoint
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly timeouts: Timeouts
}

/** GET of one data endpoint -> parsed JSON of any shape. Throws AppError. */
export async function getData(caller: Caller, call: DexcomCall, request: DataRequest): Promise<unknown> {
  const { endpoint, timeouts } = request
  const url = new URL(request.path, caller.region(call.region).baseUrl)
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value)
  const headers = { authorization: `Bearer ${call.accessToken}` }
  const { priority, signal } = call
  const answer = await caller.send({ endpoint, url, priority, timeouts, headers, signal }).catch((err: unknown) => {
    throw err instanceof TransportFailure ? dataFailure(err.kind, signal) : err
  })
  const refusal = dataRefusal(answer, caller.now())
  if (refusal) throw refusal
  try {
    return JSON.parse(answer.body)
  } catch {
    throw unreadable() // NOTE: a SyntaxError quotes the body
  }
}
