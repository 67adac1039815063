import { AppError, type ErrorCode, epochMs, PRIORITY } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import type { Held } from './lease.ts'
import type { DexcomCall, Ports } from './ports.ts'
import { noteProblem, type ProblemCode } from './problems.ts'
import { openForMs, refreshGrant } from './refresh-grant.ts'
import { noteRefusal, restBetweenTries } from './refusals.ts'

/** Dexcom on behalf of one person, with a token that is fresh. */
export interface Session {
  /** The connection as last written; a refresh replaces it. */
  readonly connection: Connection
  /**
   * Calls Dexcom; a 401 earns one refresh and one repeat. An answer with another account's data is refused with
   * `wrong_account`. `optional`: a person who does not share this is none the worse for it.
   */
  call<T extends Answer>(use: (call: DexcomCall) => Promise<T>, options?: { readonly optional?: boolean }): Promise<T>
}

interface Answer {
  readonly dexcomUserId: string
}

/**
 * Opens a session under the lease. Throws `not_connected` or `needs_reauth` where Dexcom must not be called; a parked
 * person is fetched for only where somebody asks by hand.
 */
export async function openSession(ports: Ports, held: Held, purpose: keyof typeof PRIORITY): Promise<Session> {
  const priority = PRIORITY[purpose]
  let connection = await connectedOrThrow(ports, held)
  if (connection.parkedAt && purpose !== 'manual') throw new AppError('not_connected', 'This person is parked')
  restBetweenTries(ports, connection)
  let accessToken: string | null = null
  let account = connection.dexcomUserId
  let isNew = false

  const renew = async () => {
    const renewed = await refreshGrant(ports, held, connection)
    connection = renewed.connection
    accessToken = renewed.accessToken
    isNew = true
    return accessToken
  }

  const usable = async (): Promise<string> => {
    const { tokens, userId } = connection
    if (!tokens) throw new AppError('not_connected', 'This person has no tokens')
    const now = ports.clock.now()
    // While the refresh token rests in doubt, the access token goes on to its end.
    const isResting = openForMs(ports, tokens) > 0 && now < epochMs(tokens.expiresAt)
    if (now >= epochMs(tokens.refreshAt) && !isResting) return renew()
    accessToken ??= await ports.vault.open(userId, 'access_token', tokens.access)
    return accessToken
  }

  const attempt = async <T>(use: (call: DexcomCall) => Promise<T>, token: string): Promise<T> => {
    held.check()
    return use({ region: connection.region, accessToken: token, priority, signal: held.signal })
  }

  const authorized = async <T>(use: (call: DexcomCall) => Promise<T>): Promise<T> => {
    try {
      return await attempt(use, await usable())
    } catch (err) {
      if (!isRefused(err)) throw err
    }
    if (isNew) return noteRefusal(ports, held, connection)
    const token = await renew()
    try {
      return await attempt(use, token)
    } catch (err) {
      if (!isRefused(err)) throw err
      return noteRefusal(ports, held, connection)
    }
  }

  return {
    get connection() {
      return connection
    },
    async call(use, { optional = false } = {}) {
      try {
        const answer = await authorized(use)
        account = sameAccount(account, answer)
        return answer
      } catch (err) {
        const problem = optional && isNotOffered(err) ? undefined : PROBLEM_OF[AppError.from(err).code]
        if (problem) connection = await noteProblem(ports, held, connection, problem)
        throw err
      }
    },
  }
}

const PROBLEM_OF: Partial<Record<ErrorCode, ProblemCode>> = {
  upstream_not_offered: 'consent_missing',
  wrong_account: 'wrong_account',
  token_unreadable: 'key_missing',
}

const isRefused = (err: unknown): boolean => err instanceof AppError && err.code === 'upstream_unauthorized'
const isNotOffered = (err: unknown): boolean => err instanceof AppError && err.code === 'upstream_not_offered'

function sameAccount(known: string | null, { dexcomUserId }: Answer): string {
  if (known !== null && known !== dexcomUserId)
    throw new AppError('wrong_account', "Dexcom answered with another account's data")
  return dexcomUserId
}

async function connectedOrThrow({ accounts }: Ports, { userId, state, progress }: Held): Promise<Connection> {
  const connection = await accounts.connection(userId)
  // A connect that died behind its one write has left the tombstone's end on the state.
  if (connection?.status === 'connected' && state.erasure) progress.revived = true
  if (connection?.status === 'needs_reauth') throw new AppError('needs_reauth', 'This person has to connect again')
  if (connection?.status !== 'connected') throw new AppError('not_connected', 'This person is not connected')
  return connection
}
