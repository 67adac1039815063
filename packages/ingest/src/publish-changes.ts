import type { UserId } from '@bg-ingest/domain'
import { type Held, withLease } from './lease.ts'
import type { Erasure, Ports } from './ports.ts'
import { adoptAndPublish, publishNotices } from './publish.ts'
import { tellErased } from './tell-erased.ts'

/** Publishes whatever of a person still waits for the broker. Answers whether something still does. */
export async function publishChanges(
  ports: Ports,
  userId: UserId,
  stop: AbortSignal,
): Promise<{ readonly pending: boolean }> {
  return withLease(ports, userId, stop, async (held) => {
    await adoptAndPublish(ports, held)
    const connection = await ports.accounts.connection(userId)
    const left = connection ? await publishNotices(ports, held, connection) : null
    const { erasure = null } = held.state
    if (!connection && erasure && !erasure.told) return { pending: !(await tellLate(ports, held, erasure)) }
    const { committed, published } = held.progress
    return { pending: published < committed || (left?.notices.length ?? 0) > 0 }
  })
}

/** Whoever was erased while the broker was away stays in the registry until it is told. */
async function tellLate(ports: Ports, held: Held, erasure: Erasure): Promise<boolean> {
  if (!(await tellErased(ports, held.userId, erasure))) return false
  held.check()
  await ports.accounts.register(held.userId, null, held.lease)
  await held.finish({ erasure: { ...erasure, told: true } })
  return true
}
