import { AppError, type ErrorCode, epochMs, toInstant } from '@bg-ingest/domain'
import type { Held } from './lease.ts'
import type { Connection, Grant, Ports, SealedTokens } from './ports.ts'
import { publishNotices } from './publish.ts'
import { step } from './steps.ts'
import { tokenTimes } from './token-timing.ts'

/** After an answer was lost, the same refresh token is presented once more, not sooner (promises.md I6). */
const AMBIGUOUS_WAIT_MS = 30_000
/** How long a fresh grant is tried to be saved: it exists nowhere else (promises.md I7). */
const PERSIST_FOR_MS = 60_000
const PERSIST_PAUSE_MS = 500

interface Renewed {
  readonly connection: Connection
  readonly accessToken: string
}

/**
 * Spends the refresh token, which works once, and saves its successor before anybody uses it. The intent is written
 * first, in the same shape and to the same item: if that write fails, Dexcom is not called.
 */
export async function refreshGrant(ports: Ports, held: Held, connection: Connection): Promise<Renewed> {
  const { tokens, userId, region } = connection
  if (!tokens) throw new AppError('not_connected', 'This person has no tokens')
  if (tokens.presentations >= 2) return giveUp(ports, held, connection, 'answer_lost')
  awaitAmbiguity(ports, tokens)
  const refreshToken = await ports.vault.open(userId, 'refresh_token', tokens.refresh)

  const presented: SealedTokens = {
    ...tokens,
    presentedAt: toInstant(ports.clock.now()),
    presentations: tokens.presentations + 1,
  }
  held.check()
  await ports.accounts.putConnection({ ...connection, tokens: presented }, held.lease)
  step('refresh-intended')

  let grant: Grant
  try {
    grant = await ports.dexcom.refresh(region, refreshToken)
  } catch (err) {
    return refused(ports, held, connection, AppError.from(err))
  }
  step('refresh-answered')
  const renewed = { ...connection, tokens: await sealGrant(ports, connection, grant, tokens.version + 1) }
  await persist(ports, held, renewed)
  step('refresh-persisted')
  ports.observer.tokenRefresh('refreshed')
  return { connection: renewed, accessToken: grant.accessToken }
}

/** Both tokens of a grant as they are stored: encrypted, bound to the person and to their field. */
export async function sealGrant(
  ports: Pick<Ports, 'vault' | 'clock'>,
  { userId }: Pick<Connection, 'userId'>,
  grant: Grant,
  version: number,
): Promise<SealedTokens> {
  const [access, refresh] = await Promise.all([
    ports.vault.seal(userId, 'access_token', grant.accessToken),
    ports.vault.seal(userId, 'refresh_token', grant.refreshToken),
  ])
  const times = tokenTimes(userId, version, ports.clock.now(), grant.expiresInSeconds)
  return { access, refresh, ...times, version, presentedAt: null, presentations: 0 }
}

function awaitAmbiguity({ clock }: Ports, { presentedAt, presentations }: SealedTokens): void {
  if (presentations === 0 || presentedAt === null) return
  const waitMs = epochMs(presentedAt) + AMBIGUOUS_WAIT_MS - clock.now()
  if (waitMs > 0)
    throw new AppError('upstream_outcome_unknown', 'Waiting before the refresh token is presented again', {
      retryAfterMs: waitMs,
    })
}

/** Writes the new grant, and goes on trying while DynamoDB fails, until a newer fence has taken the person over. */
async function persist({ accounts, clock, pause }: Ports, held: Held, connection: Connection): Promise<void> {
  const until = clock.monotonic() + PERSIST_FOR_MS
  for (;;) {
    try {
      return await accounts.putConnection(connection, held.lease)
    } catch (err) {
      if (AppError.from(err).code === 'lease_lost' || clock.monotonic() >= until) throw err
      await pause(PERSIST_PAUSE_MS)
    }
  }
}

const OUTCOMES: Partial<Record<ErrorCode, 'rejected' | 'unknown' | 'misconfigured'>> = {
  needs_reauth: 'rejected',
  upstream_outcome_unknown: 'unknown',
  upstream_misconfigured: 'misconfigured',
}

async function refused(ports: Ports, held: Held, connection: Connection, error: AppError): Promise<Renewed> {
  ports.observer.tokenRefresh(OUTCOMES[error.code] ?? 'unavailable')
  // Only a lost answer leaves open whether the token is spent; in every other case it is as good, or as doubtful, as before.
  if (error.code === 'upstream_outcome_unknown')
    throw new AppError(error.code, error.message, { cause: error, retryAfterMs: AMBIGUOUS_WAIT_MS })
  if (error.code === 'needs_reauth') return giveUp(ports, held, connection, 'invalid_grant')
  await ports.accounts.putConnection(connection, held.lease)
  throw error
}

/**
 * The grant is dead: no further call until the person connects again, and one notice to tell. Another run may have
 * renewed the tokens while we held stale ones; then its tokens count.
 */
async function giveUp(ports: Ports, held: Held, connection: Connection, reason: string): Promise<Renewed> {
  const { userId, tokens } = connection
  const current = await ports.accounts.connection(userId)
  if (current?.tokens && current.tokens.version !== tokens?.version) {
    const accessToken = await ports.vault.open(userId, 'access_token', current.tokens.access)
    return { connection: current, accessToken }
  }
  const at = toInstant(ports.clock.now())
  const dead: Connection = {
    ...connection,
    status: 'needs_reauth',
    tokens: null,
    problem: {
      code: 'needs_reauth',
      detail: 'Dexcom no longer accepts the authorization; the person has to connect again.',
    },
    notices: [
      ...connection.notices,
      { id: ports.newId(), routingKey: 'connection.needs_reauth', region: connection.region, at, reason },
    ],
  }
  await ports.accounts.putConnection(dead, held.lease)
  await publishNotices(ports, held, dead)
  throw new AppError('needs_reauth', 'Dexcom no longer accepts the authorization')
}
