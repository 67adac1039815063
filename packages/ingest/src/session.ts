import { AppError, epochMs } from '@bg-ingest/domain'
import type { Held } from './lease.ts'
import type { Connection, DexcomCall, Ports } from './ports.ts'
import { refreshGrant } from './refresh-grant.ts'

/** Dexcom on behalf of one person, with a token that is fresh. */
export interface Session {
  /** The connection as last written; a refresh replaces it. */
  readonly connection: Connection
  /** Calls Dexcom; a 401 earns one refresh and one repeat. */
  call<T>(use: (call: DexcomCall) => Promise<T>): Promise<T>
}

/** Opens a session under the lease. Throws `not_connected` or `needs_reauth` where Dexcom must not be called. */
export async function openSession(ports: Ports, held: Held, priority: number): Promise<Session> {
  let connection = await connectedOrThrow(ports, held)
  let accessToken: string | null = null

  const renew = async () => {
    const renewed = await refreshGrant(ports, held, connection)
    connection = renewed.connection
    accessToken = renewed.accessToken
    return accessToken
  }

  const usable = async (): Promise<string> => {
    const { tokens, userId } = connection
    if (!tokens) throw new AppError('not_connected', 'This person has no tokens')
    if (ports.clock.now() >= epochMs(tokens.refreshAt)) return renew()
    accessToken ??= await ports.vault.open(userId, 'access_token', tokens.access)
    return accessToken
  }

  const attempt = async <T>(use: (call: DexcomCall) => Promise<T>, token: string): Promise<T> => {
    held.check()
    return use({ region: connection.region, accessToken: token, priority, signal: held.signal })
  }

  return {
    get connection() {
      return connection
    },
    async call(use) {
      try {
        return await attempt(use, await usable())
      } catch (err) {
        if (!(err instanceof AppError && err.code === 'upstream_unauthorized')) throw err
        return attempt(use, await renew())
      }
    },
  }
}

async function connectedOrThrow({ accounts }: Ports, { userId }: Held): Promise<Connection> {
  const connection = await accounts.connection(userId)
  if (connection?.status === 'needs_reauth') throw new AppError('needs_reauth', 'This person has to connect again')
  if (connection?.status !== 'connected') throw new AppError('not_connected', 'This person is not connected')
  return connection
}
