import type { Connection } from './connection.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'
import { publishNotices } from './publish.ts'

/**
 * Writes what the connection item still lacks after Dexcom has answered: the account's pseudonym on first sight, the end
 * of a problem, and notices the broker now takes.
 */
export async function rememberAccount(
  ports: Ports,
  held: Held,
  connection: Connection,
  dexcomUserId: string | null,
): Promise<void> {
  let current = connection
  const isNew = current.dexcomUserId === null && dexcomUserId !== null
  if (isNew || current.problem !== null || current.refusals !== null) {
    current = { ...current, dexcomUserId: current.dexcomUserId ?? dexcomUserId, problem: null, refusals: null }
    held.check()
    await ports.accounts.putConnection(current, held.lease)
  }
  await publishNotices(ports, held, current)
}
