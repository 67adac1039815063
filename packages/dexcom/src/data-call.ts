import type { Caller, DexcomEndpoint } from './caller.ts'
import { dataFailure, dataRefusal, unreadable } from './refusal.ts'
import type { Answer, Timeouts } from './transport.ts'

/** Who asks, for whom, how urgently (1 first), and until when. */
export interface DexcomCall {
  readonly region: string
  readonly accessToken: string
  readonly priority: number
  readonly signal: AbortSignal
  /** Of the job that asks; 1 where unset. A retry is paid from the retry budget. */
  readonly attempt?: number
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
  const { region, priority, signal, attempt = 1 } = call
  return caller.send({
    endpoint,
    region,
    url,
    priority,
    attempt,
    timeouts,
    headers: { authorization: `Bearer ${call.accessToken}` },
    signal,
    read: (answer) => readJson(answer, caller.now()),
    failure: (kind) => dataFailure(kind, signal),
  })
}

function readJson(answer: Answer, nowMs: number): unknown {
  const refusal = dataRefusal(answer, nowMs)
  if (refusal) throw refusal
  try {
    return JSON.parse(answer.body)
  } catch {
    throw unreadable() // NOTE: a SyntaxError quotes the body
  }
}
