import { AppError, PRIORITY, toInstant, type UserId } from '@bg-ingest/domain'
import { type Held, withLease } from './lease.ts'
import type { Connection, Grant, Ports } from './ports.ts'
import { publishNotices } from './publish.ts'
import { sealGrant } from './refresh-grant.ts'

export interface ConnectRequest {
  readonly userId: UserId
  readonly region: string
  /** The authorization code, sealed by the API under the field `oauth_code`. */
  readonly sealedCode: string
}

/**
 * Exchanges an authorization code and connects the person. Whatever fails before the one write leaves an earlier
 * connection as it was. History is planned anew; what is stored already costs no write.
 */
export async function connectUser(ports: Ports, request: ConnectRequest, stop: AbortSignal): Promise<Connection> {
  return withLease(ports, request.userId, stop, (held) => connect(ports, held, request), { revive: true })
}

async function connect(ports: Ports, held: Held, { userId, region, sealedCode }: ConnectRequest): Promise<Connection> {
  const code = await ports.vault.open(userId, 'oauth_code', sealedCode)
  const before = await ports.accounts.connection(userId)
  held.check()
  const grant = await ports.dexcom.exchangeCode(region, code)
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
    notices: [
      ...(before?.notices ?? []),
      { id: ports.newId(), routingKey: 'connection.connected', region, at, reason: null },
    ],
  }
  held.check()
  await ports.accounts.createConnection(connection, held.lease)
  const told = await publishNotices(ports, held, connection)
  await held.finish({ history: { state: 'running', from: null, to: null, through: null, readings: 0 } })
  return told
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
