import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultRule, Faults } from './admin/faults.ts'
import type { Journal } from './admin/journal.ts'
import type { Manners } from './admin/manners.ts'
import type { VirtualClock } from './clock.ts'
import { type Caller, type Endpoint, type Exchange, NOBODY, type Reply, type Route, textReply } from './exchange.ts'
import { createInFlight } from './in-flight.ts'
import { sendReply } from './send-reply.ts'

interface PublicApiInput {
  readonly routes: readonly Route[]
  readonly faults: Pick<Faults, 'take'>
  readonly journal: Pick<Journal, 'open' | 'close'>
  readonly manners: Pick<Manners, 'note'>
  readonly clock: VirtualClock
  readonly monotonicMs: () => number
  readonly latencyMs: number
}

export type PublicApi = (exchange: Exchange, response: ServerResponse, signal: AbortSignal) => Promise<void>

/** Dexcom's side of the server: finds the route, keeps the books, lets the planned faults happen, answers. */
export function createPublicApi(input: PublicApiInput): PublicApi {
  const { routes, faults, journal, manners, clock, monotonicMs, latencyMs } = input
  const inFlight = createInFlight()

  /** Counts a request in; the returned function closes its books, once, however the request ends. */
  function openBooks(exchange: Exchange, endpoint: Endpoint, caller: Caller): (status: number | null) => void {
    const startedMs = monotonicMs()
    const { count, leave } = inFlight.enter(caller)
    const { method, path, query } = exchange
    manners.note({ endpoint, query, caller, inFlight: count })
    const sequence = journal.open({
      at: new Date().toISOString(),
      virtualAt: new Date(clock.now()).toISOString(),
      endpoint,
      method,
      path,
      user: caller.user,
      query: Object.fromEntries(query),
      kind: caller.kind,
      tokenGeneration: caller.tokenGeneration,
      inFlight: count,
    })
    let isOpen = true
    return (status) => {
      if (!isOpen) return
      isOpen = false
      leave()
      journal.close(sequence, status, Math.round(monotonicMs() - startedMs))
    }
  }

  return async (exchange, response, signal) => {
    const onPath = routes.filter(({ path }) => path === exchange.path)
    const route = onPath.find(({ method }) => method === exchange.method) ?? null
    const endpoint = route?.endpoint ?? 'unknown'
    const caller = route?.identify(exchange) ?? NOBODY
    const closeBooks = openBooks(exchange, endpoint, caller)
    response.once('close', () => closeBooks(null))

    const fault = faults.take(endpoint, caller.user)
    const waitMs = latencyMs + (fault?.delayMs ?? 0)
    if (waitMs > 0) await delay(waitMs, undefined, { signal })
    if (fault?.dropConnection === 'before') return drop(response)

    const reply = faultReply(fault) ?? route?.handle(exchange) ?? textReply(onPath.length > 0 ? 405 : 404, '')
    if (fault?.dropConnection === 'after') return drop(response)
    await sendReply(response, reply, () => closeBooks(reply.status))
  }
}

function drop(response: ServerResponse): void {
  response.destroy()
}

function faultReply(fault: FaultRule | null): Reply | null {
  if (fault?.status === undefined) return null
  const { status, retryAfter, contentType = 'application/json', body = '' } = fault
  const headers = {
    'content-type': contentType,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  }
  return { status, headers, body }
}
