import type { Held } from './lease.ts'
import type { Connection, Ports } from './ports.ts'
import { publishNotices } from './publish.ts'

/** Writes what the connection item still lacks: the account's pseudonym on first sight, and notices the broker now takes. */
export async function rememberAccount(
  ports: Ports,
  held: Held,
  connection: Connection,
  dexcomUserId: string | null,
): Promise<void> {
  let current = connection
  if (current.dexcomUserId === null && dexcomUserId !== null) {
    current = { ...current, dexcomUserId }
    held.check()
    await ports.accounts.putConnection(current, held.lease)
  }
  await publishNotices(ports, held, current)
}
