import { createHash } from 'node:crypto'
import { AppError, PRIORITY, toInstant, type UserId } from '@bg-ingest/domain'
import type { Connection } from './connection.ts'
import { type Held, withLease } from './lease.ts'
import { inOneTurn, persistGrant, sealGrant } from './persist-grant.ts'
import type { Grant, Ports } from './ports.ts'
import { publishNotices } from './publish.ts'

export interface ConnectRequest {
  readonly userId: UserId
  readonly region: string
  /** The authorization code, sealed by the API under the field `oauth_code`. */
  readonly sealedCode: string
  /** What proves that it was asked for by us (PKCE), sealed under `oauth_verifier`. */
  readonly sealedVerifier?: string | undefined
}

/**
 * Exchanges an authorization code and connects the person. Whatever fails before the one write leaves an earlier
 * connection as it was. History is planned anew; what is stored already costs no write.
 */
export async function connectUser(ports: Ports, request: ConnectRequest, stop: AbortSignal): Promise<Connection> {
  return withLease(ports, request.userId, stop, (held) => connect(ports, held, request), { revive: true })
}

async function connect(ports: Ports, held: Held, request: ConnectRequest): Promise<Connection> {
  const { userId, sealedCode, sealedVerifier } = request
  const codeId = hashOf(sealedCode)
  const before = await ports.accounts.connection(userId)
  if (before?.codeId === codeId) return connectedAlready(ports, held, before)
  const code = await ports.vault.open(userId, 'oauth_code', sealedCode)
  const verifier =
    sealedVerifier === undefined ? null : await ports.vault.open(userId, 'oauth_verifier', sealedVerifier)
  const connection = await inOneTurn(ports, held, () =>
    exchange(ports, held, { before, request, code, verifier, codeId }),
  )
  return settle(ports, held, connection)
}

/** Sealed texts are never equal, so the hash of one names the redirect that brought it. */
const hashOf = (sealedCode: string): string => createHash('sha256').update(sealedCode).digest('base64url')

/** A job delivered again: a code presented twice can cost the grant that it was exchanged for (RFC 6749, 4.1.2). */
async function connectedAlready(ports: Ports, held: Held, before: Connection): Promise<Connection> {
  if (before.status === 'connected') return settle(ports, held, before)
  throw new AppError('authorization_failed', 'This authorization has ended since')
}

async function settle(ports: Ports, held: Held, connection: Connection): Promise<Connection> {
  const told = await publishNotices(ports, held, connection)
  held.progress.revived = true
  await held.finish({ history: { state: 'running', from: null, to: null, through: null, readings: 0 } })
  return told
}

interface Exchange {
  readonly before: Connection | null
  readonly request: ConnectRequest
  readonly code: string
  readonly verifier: string | null
  readonly codeId: string
}

async function exchange(
  ports: Ports,
  held: Held,
  { before, request, code, verifier, codeId }: Exchange,
): Promise<Connection> {
  const { userId, region } = request
  held.check()
  const grant = await ports.dexcom.exchangeCode(region, code, verifier)
  const dexcomUserId = await learnAccount(ports, held, region, grant)
  refuseOtherAccount(before, dexcomUserId)

  const at = toInstant(ports.clock.now())
  const connection: Connection = {
    userId,
    status: 'connected',
    region,
    connectedAt: at,
    dexcomUserId: dexcomUserId ?? before?.dexcomUserId ?? null,
    pollIntervalSeconds: before?.pollIntervalSeconds ?? null,
    paused: before?.paused ?? false,
    problem: null,
    tokens: await sealGrant(ports, { userId }, grant, (before?.tokens?.version ?? 0) + 1),
    refusals: null,
    codeId,
    notices: [
      ...(before?.notices ?? []),
      { id: ports.newId(), routingKey: 'connection.connected', region, at, reason: null },
    ],
  }
  held.check()
  await persistGrant(ports, () => ports.accounts.createConnection(connection, held.lease))
  return connection
}

/** Which Dexcom account this grant belongs to; null where Dexcom cannot say now, and the first page will tell. */
async function learnAccount({ dexcom }: Ports, held: Held, region: string, grant: Grant): Promise<string | null> {
  const call = { region, accessToken: grant.accessToken, priority: PRIORITY.manual, signal: held.signal }
  try {
    return (await dexcom.dataRange(call)).dexcomUserId
  } catch (err) {
    if (AppError.from(err).code === 'lease_lost') throw err
    return null
  }
}

/** Another account's data must not be mixed into a person's history; erase first, then connect. */
function refuseOtherAccount(before: Connection | null, dexcomUserId: string | null): void {
  const known = before?.dexcomUserId
  if (known && dexcomUserId && known !== dexcomUserId)
    throw new AppError('wrong_account', 'This is another Dexcom account than the one connected before')
}
