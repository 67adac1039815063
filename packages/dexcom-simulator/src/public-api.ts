import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Journal } from './admin/journal.ts'
import type { VirtualClock } from './clock.ts'
import type { Dice } from './dice.ts'
import { type Caller, type Endpoint, type Exchange, NOBODY, type Reply, textReply } from './exchange.ts'
import type { Faults } from './faults/faults.ts'
import { deliver } from './faults/perform.ts'
import type { InFlight } from './in-flight.ts'
import type { CallLimits } from './limits/call-limits.ts'
import { limitReply } from './limits/limit-reply.ts'
import type { Manners } from './manners/manners.ts'
import { tokenOutcome } from './manners/token-outcome.ts'
import type { CombinedRoutes, FoundRoute } from './regions/combined-routes.ts'
import { type Outage, outageAction } from './regions/outage.ts'
import { sendReply } from './send-reply.ts'

/** What all regions of a simulator share. */
export interface SharedBooks {
  readonly faults: Pick<Faults, 'take'>
  readonly journal: Pick<Journal, 'open' | 'close'>
  readonly manners: Pick<Manners, 'note' | 'noteOutcome'>
  readonly inFlight: InFlight
  readonly clock: VirtualClock
  readonly monotonicMs: () => number
  readonly dice: Dice
  readonly latencyMs: number
}

interface PublicApiInput {
  readonly books: SharedBooks
  readonly region: string
  readonly routes: CombinedRoutes
  readonly limits: Pick<CallLimits, 'options' | 'enter'>
  readonly outage: Pick<Outage, 'current'>
  /** How a person of this region and application goes in the books. */
  readonly nameOf: (user: string, clientId: string | null) => string
}

export type PublicApi = (exchange: Exchange, response: ServerResponse, signal: AbortSignal) => Promise<void>

interface Seen {
  readonly endpoint: Endpoint
  readonly caller: Caller
  readonly clientId: string | null
  /** The person by the name that is unique over regions and applications. */
  readonly person: string | null
}

/** Dexcom's side of a region: finds the route, keeps the books, lets the planned faults happen, answers. */
export function createPublicApi({ books, region, routes, limits, outage, nameOf }: PublicApiInput): PublicApi {
  const { faults, journal, manners, inFlight, clock, monotonicMs, dice, latencyMs } = books

  /** Counts a request in; the returned function closes its books, once, however the request ends. */
  function openBooks(exchange: Exchange, { endpoint, caller, clientId, person }: Seen) {
    const startedMs = monotonicMs()
    const asPerson = { ...caller, user: person }
    const { count, leave } = inFlight.enter(asPerson)
    const { method, path, query } = exchange
    manners.note({ endpoint, query, caller: asPerson, clientId, inFlight: count, atMs: startedMs })
    const sequence = journal.open({
      at: new Date().toISOString(),
      virtualAt: new Date(clock.now()).toISOString(),
      region,
      clientId,
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
    return (status: number | null) => {
      if (!isOpen) return
      isOpen = false
      leave()
      journal.close(sequence, status, Math.round(monotonicMs() - startedMs))
    }
  }

  function see(route: FoundRoute | null): Seen {
    if (!route) return { endpoint: 'unknown', caller: NOBODY, clientId: null, person: null }
    const clientId = route.application?.client.id ?? null
    const { endpoint, caller } = route
    return { endpoint, caller, clientId, person: caller.user === null ? null : nameOf(caller.user, clientId) }
  }

  /** The 429 of an application that has used up its calls; null while it may call. */
  function refusal({ endpoint, clientId }: Seen): Reply | null {
    const options = limits.options()
    if (!options || clientId === null || endpoint === 'login') return null
    if (endpoint === 'token' && !options.countsTokenCalls) return null
    const waitMs = limits.enter(clientId)
    return waitMs === null ? null : limitReply(options, waitMs)
  }

  return async (exchange, response, signal) => {
    const route = routes.find(exchange)
    const seen = see(route)
    const close = openBooks(exchange, seen)
    response.once('close', () => close(null))

    const send = async (reply: Reply, isTrue = false) => {
      const outcome = tokenOutcome(seen.endpoint, reply)
      const isGone = !isTrue || !route?.application?.grants.isConnected(route.caller.user ?? '')
      if (outcome === 'tokens' || (outcome === 'invalid_grant' && isGone)) {
        manners.noteOutcome({ user: seen.person, outcome })
      }
      await sendReply(response, reply, () => close(reply.status))
    }
    if (latencyMs > 0) await delay(latencyMs, undefined, { signal })
    const answer = () => route?.answer() ?? textReply(routes.hasPath(exchange.path) ? 405 : 404, '')
    const delivery = { exchange, response, signal, dice, answer, send, close }

    const failing = outage.current()
    if (failing) return deliver({ endpoint: 'any', action: outageAction(failing) }, delivery)
    const refused = refusal(seen)
    if (refused) return send(refused)
    return deliver(
      faults.take({ endpoint: seen.endpoint, user: seen.caller.user, region, clientId: seen.clientId }),
      delivery,
    )
  }
}
