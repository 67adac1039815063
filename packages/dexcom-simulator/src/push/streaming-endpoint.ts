import * as z from 'zod'
import type { Accounts } from '../accounts.ts'
import { type Caller, type Exchange, jsonReply, NOBODY, type Reply, type Route, textReply } from '../exchange.ts'
import type { Grants } from '../oauth/grants.ts'
import { bearerOf } from '../regions/bearer.ts'
import type { StreamState, Streams } from './streams.ts'

interface StreamingInput {
  readonly accounts: Pick<Accounts, 'get'>
  readonly grants: Pick<Grants, 'ownerOfAccess'>
  readonly streams: Streams
}

const PATH = '/v3/users/self/streaming/state'
const Change = z.looseObject({ active: z.boolean() })

/**
 * GET and PUT of a person's streaming state: partner-only and undocumented, seen in a partner's code (dexcom-api.md 3.9).
 * 404 where it was never enabled; the texts of 400 and 401 are the simulator's own.
 */
export function streamingRoutes({ accounts, grants, streams }: StreamingInput): Route[] {
  const ownerOf = (exchange: Exchange) => grants.ownerOfAccess(bearerOf(exchange))
  const identify = (exchange: Exchange): Caller => {
    const owner = ownerOf(exchange)
    return { ...NOBODY, user: owner?.user ?? null, tokenGeneration: owner?.generation ?? null }
  }

  function handle(exchange: Exchange): Reply {
    const owner = ownerOf(exchange)
    const account = owner?.isValid ? accounts.get(owner.user) : undefined
    if (!account) return textReply(401, 'access token missing, unknown, expired or revoked')
    const answer = (state: StreamState) => jsonReply(200, { userId: account.dexcomUserId, ...state })
    if (exchange.method === 'GET') {
      const state = streams.get(account.name)
      return state ? answer(state) : textReply(404, '')
    }
    const change = Change.safeParse(parsed(exchange.body))
    return change.success ? answer(streams.set(account.name, change.data.active)) : textReply(400, 'active is missing')
  }
  return (['GET', 'PUT'] as const).map((method) => ({
    endpoint: 'streamingState',
    method,
    path: PATH,
    identify,
    handle,
  }))
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
