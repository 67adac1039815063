import { type Accounts, createAccounts } from '../accounts.ts'
import { dataRoutes } from '../data/data-endpoints.ts'
import type { View } from '../data/visible-records.ts'
import type { Exchange, Route } from '../exchange.ts'
import { type Client, createClient } from '../oauth/client.ts'
import { createGrants, type GrantOptions, type Grants } from '../oauth/grants.ts'
import { introspectRoutes } from '../oauth/introspect-endpoint.ts'
import { loginRoutes } from '../oauth/login-endpoint.ts'
import { randomToken } from '../oauth/random-token.ts'
import { formOf, tokenRoutes } from '../oauth/token-endpoint.ts'
import { streamingRoutes } from '../push/streaming-endpoint.ts'
import { createStreams, type Streams } from '../push/streams.ts'
import { bearerOf } from './bearer.ts'

export interface ApplicationInput {
  readonly seed: string
  /** History reaches back from here, epoch milliseconds. */
  readonly startMs: number
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  readonly grants: Omit<GrantOptions, 'randomToken'>
  readonly view: () => View
  readonly nowMs: () => number
  readonly callbackIssuer: () => string | null
}

/** One application in one region: its credentials, its consents, and the accounts as it sees them. */
export interface Application {
  readonly client: Client
  /** Ids of people and records differ from one application to the next. */
  readonly accounts: Accounts
  readonly grants: Grants
  readonly streams: Streams
  readonly routes: readonly Route[]
  /** Whether a request speaks for this application. */
  readonly isCaller: (exchange: Exchange) => boolean
}

export function createApplication(input: ApplicationInput): Application {
  const { seed, startMs, clientId, clientSecret, redirectUris, view, nowMs, callbackIssuer } = input
  const client = createClient({ id: clientId, secret: clientSecret, redirectUris })
  const accounts = createAccounts({ seed, clientId, startMs })
  const grants = createGrants({ ...input.grants, randomToken })
  const streams = createStreams(nowMs)
  const { accessTokenSeconds } = input.grants
  return {
    client,
    accounts,
    grants,
    streams,
    routes: [
      ...loginRoutes({ client, accounts, grants, callbackIssuer }),
      ...tokenRoutes({ client, grants, accessTokenSeconds }),
      ...introspectRoutes({ client, accounts, grants }),
      ...dataRoutes({ accounts, grants, view }),
      ...streamingRoutes({ accounts, grants, streams }),
    ],
    isCaller: (exchange) =>
      grants.ownerOfAccess(bearerOf(exchange)) !== null ||
      exchange.query.get('client_id') === clientId ||
      formOf(exchange)?.get('client_id') === clientId ||
      grants.ownerOfAccess(formOf(exchange)?.get('token') ?? '') !== null,
  }
}
