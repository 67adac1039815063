import { createAccounts } from './accounts.ts'
import { adminHandlers } from './admin/admin-endpoints.ts'
import { createFaults } from './admin/faults.ts'
import { createJournal } from './admin/journal.ts'
import { createManners } from './admin/manners.ts'
import { createVirtualClock, type VirtualClock } from './clock.ts'
import { dataRoutes } from './data/data-endpoints.ts'
import { createClient } from './oauth/client.ts'
import { createGrants, type GrantOptions } from './oauth/grants.ts'
import { loginRoutes } from './oauth/login-endpoint.ts'
import { randomToken } from './oauth/random-token.ts'
import { tokenRoutes } from './oauth/token-endpoint.ts'
import { createPublicApi } from './public-api.ts'
import { startServer } from './server.ts'
import { SANDBOX_USERS, type SimulatedUser } from './users.ts'

/** A day of a thousand people polled every 900 s, at a few hundred bytes an entry. */
const JOURNAL_CAPACITY = 100_000

export interface SimulatorOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number
  readonly host?: string
  /** The same seed makes the same people. */
  readonly seed?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** Matched letter by letter; none allows every loopback URI that ends in /oauth/callback. */
  readonly redirectUris?: readonly string[]
  readonly users?: readonly SimulatedUser[]
  readonly clock?: VirtualClock
  readonly accessTokenSeconds?: number
  /** How long readings from phones are held back: 3600 as in the US, 10800 elsewhere. */
  readonly vendorDelaySeconds?: number
  /** Added to every answer of the public API. */
  readonly latencyMs?: number
  /** What presenting a spent refresh token costs: this request, or the whole session. */
  readonly refreshReuse?: GrantOptions['refreshReuse']
  /** Time by which tokens live, milliseconds that only go forward. */
  readonly monotonicMs?: () => number
}

export interface Simulator {
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly clock: VirtualClock
  /** Ends every connection and stops listening. */
  readonly stop: () => Promise<void>
}

/** Starts a Dexcom. All state is in memory. Rejects where the port is taken or two users share a name. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', seed = 'bg-ingest', users = SANDBOX_USERS, latencyMs = 0 } = options
  const { clientId = 'simulator-client', clientSecret = 'simulator-secret', redirectUris = [] } = options
  const { clock = createVirtualClock(), monotonicMs = () => performance.now() } = options
  const { accessTokenSeconds = 7200, vendorDelaySeconds = 3600, refreshReuse = 'reject-only' } = options

  const accounts = createAccounts({ seed, clientId, startMs: clock.startMs })
  for (const user of users) if (!accounts.add(user)) throw new RangeError('two simulated users share a name')
  const grants = createGrants({ monotonicMs, accessTokenSeconds, refreshReuse, randomToken })
  const client = createClient({ id: clientId, secret: clientSecret, redirectUris })
  const [journal, manners, faults] = [createJournal(JOURNAL_CAPACITY), createManners(), createFaults()]
  const view = () => ({ nowMs: clock.now(), vendorDelayMs: vendorDelaySeconds * 1000 })
  const routes = [
    ...loginRoutes({ client, accounts, grants }),
    ...tokenRoutes({ client, grants, accessTokenSeconds }),
    ...dataRoutes({ accounts, grants, view }),
  ]
  const server = await startServer({
    host,
    port,
    publicApi: createPublicApi({ routes, faults, journal, manners, clock, monotonicMs, latencyMs }),
    admin: adminHandlers({ accounts, clock, grants, journal, manners, faults, view }),
  })
  return { ...server, clientId, clientSecret, clock }
}
