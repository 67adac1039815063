import { AppError, type ErrorCode, epochMs, toInstant } from '@bg-ingest/domain'
import type { Connection, SealedTokens } from './connection.ts'
import { endGrant } from './end-grant.ts'
import type { Held } from './lease.ts'
import { inOneTurn, persistGrant, sealGrant } from './persist-grant.ts'
import type { Grant, Ports } from './ports.ts'
import { withProblem } from './problems.ts'
import { step } from './steps.ts'
import { TOKEN_RULES } from './token-rules.ts'

export interface Renewed {
  readonly connection: Connection
  readonly accessToken: string
}

/** A connection that has tokens. */
type Granted = Connection & { readonly tokens: SealedTokens }

/**
 * Spends the refresh token, which works once, and saves its successor before anybody uses it. The intent is written
 * first, in the same shape and to the same item: if that write fails, Dexcom is not called.
 */
export async function refreshGrant(ports: Ports, held: Held, connection: Connection): Promise<Renewed> {
  const { tokens, userId } = connection
  if (!tokens) throw new AppError('not_connected', 'This person has no tokens')
  const openMs = openForMs(ports, tokens)
  if (openMs > 0)
    throw new AppError('upstream_outcome_unknown', 'Waiting before the refresh token is presented again', {
      retryAfterMs: openMs,
    })
  if (tokens.presentations >= 2) return replaceOrEnd(ports, held, { ...connection, tokens }, 'answer_lost')
  const refreshToken = await ports.vault.open(userId, 'refresh_token', tokens.refresh)
  return inOneTurn(ports, held, () => present(ports, held, { ...connection, tokens }, refreshToken))
}

/** Milliseconds for which the outcome of the last use of the refresh token stays open; 0 where nothing is in doubt. */
export function openForMs({ clock }: Pick<Ports, 'clock'>, { presentAgainAt, presentations }: SealedTokens): number {
  return presentations === 0 || presentAgainAt === null ? 0 : Math.max(0, epochMs(presentAgainAt) - clock.now())
}

/** The turn may have been long in coming, so the lease is asked again; whoever took over meanwhile stamped the tokens. */
async function present(ports: Ports, held: Held, before: Granted, refreshToken: string): Promise<Renewed> {
  const { inFlightMs } = ports.tokenRules ?? TOKEN_RULES
  const nowMs = ports.clock.now()
  const intended: Granted = {
    ...before,
    tokens: {
      ...before.tokens,
      presentedAt: toInstant(nowMs),
      presentations: before.tokens.presentations + 1,
      presentAgainAt: toInstant(nowMs + inFlightMs),
      stamp: ports.newId(),
    },
  }
  held.check()
  await ports.accounts.putConnection(intended, held.lease, before.tokens)
  step('refresh-intended')

  let grant: Grant
  try {
    grant = await ports.dexcom.refresh(before.region, refreshToken)
  } catch (err) {
    return refused(ports, held, { before, intended }, AppError.from(err))
  }
  step('refresh-answered')
  const tokens = await sealGrant(ports, before, grant, before.tokens.version + 1)
  const problem = before.problem?.code === 'upstream_misconfigured' ? null : before.problem
  const renewed = { ...before, problem, tokens }
  await persistGrant(ports, () => ports.accounts.putConnection(renewed, held.lease, intended.tokens))
  step('refresh-persisted')
  ports.observer.tokenRefresh('refreshed')
  return { connection: renewed, accessToken: grant.accessToken }
}

const OUTCOMES: Partial<Record<ErrorCode, 'rejected' | 'unknown' | 'misconfigured'>> = {
  needs_reauth: 'rejected',
  upstream_outcome_unknown: 'unknown',
  upstream_misconfigured: 'misconfigured',
}

interface Attempt {
  readonly before: Granted
  readonly intended: Granted
}

async function refused(ports: Ports, held: Held, { before, intended }: Attempt, error: AppError): Promise<Renewed> {
  ports.observer.tokenRefresh(OUTCOMES[error.code] ?? 'unavailable')
  switch (error.code) {
    case 'upstream_outcome_unknown':
      return leaveOpen(ports, held, intended, error)
    case 'needs_reauth':
      return replaceOrEnd(ports, held, intended, 'invalid_grant')
    case 'upstream_misconfigured':
      // Our own credentials are at fault: no person is unlinked for that.
      await takeBack(ports, held, withProblem(before, error.code), intended)
      if (before.problem?.code !== error.code) ports.observer.connectionProblem(error.code)
      throw error
    default:
      await takeBack(ports, held, before, intended)
      throw error
  }
}

/** Only a lost answer leaves open whether the token is spent; in every other case it is as good, or as doubtful, as before. */
async function takeBack(ports: Ports, held: Held, before: Connection, { tokens }: Granted): Promise<void> {
  // NOTE: where even that cannot be written the intent stands, and the token counts as in doubt: slower, never wrong.
  await ports.accounts.putConnection(before, held.lease, tokens).catch(() => undefined)
}

async function leaveOpen(ports: Ports, held: Held, intended: Granted, error: AppError): Promise<never> {
  const { answerLostMs } = ports.tokenRules ?? TOKEN_RULES
  const presentAgainAt = toInstant(ports.clock.now() + answerLostMs)
  const open = { ...intended, tokens: { ...intended.tokens, presentAgainAt, stamp: ports.newId() } }
  // NOTE: as above; the intent alone makes others wait longer.
  await ports.accounts.putConnection(open, held.lease, intended.tokens).catch(() => undefined)
  throw new AppError(error.code, error.message, { cause: error, retryAfterMs: answerLostMs })
}

/** A late run may have saved the grant that our own token was spent for; then that one counts. */
async function replaceOrEnd(ports: Ports, held: Held, connection: Granted, reason: string): Promise<Renewed> {
  const { userId, tokens } = connection
  const current = await ports.accounts.connection(userId)
  if (current?.tokens && current.tokens.refresh !== tokens.refresh)
    return { connection: current, accessToken: await ports.vault.open(userId, 'access_token', current.tokens.access) }
  return endGrant(ports, held, connection, reason)
}
