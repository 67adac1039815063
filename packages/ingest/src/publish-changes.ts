import type { UserId } from '@bg-ingest/domain'
import { type Held, withLease } from './lease.ts'
import type { Ports } from './ports.ts'
import { adoptAndPublish, publishNotices } from './publish.ts'
import type { Erasure } from './state.ts'
import { tellErased } from './tell-erased.ts'

export interface Publication {
  /** Whether something still waits for the broker. */
  readonly pending: boolean
  /** Whether the broker took all it was given, so that the rest can follow at once, when others had their turn. */
  readonly more: boolean
}

/** Publishes of a person what waits for the broker, as much as one run may. Costs nothing while the broker is away. */
export async function publishChanges(ports: Ports, userId: UserId, stop: AbortSignal): Promise<Publication> {
  if (ports.publisher.state() !== 'connected') return { pending: true, more: false }
  return withLease(ports, userId, stop, async (held) => {
    const before = held.progress.published
    await adoptAndPublish(ports, held)
    const connection = await ports.accounts.connection(userId)
    const left = connection ? await publishNotices(ports, held, connection) : null
    const { erasure = null } = held.state
    if (!connection && erasure && !erasure.told)
      return { pending: !(await tellLate(ports, held, erasure)), more: false }
    const { committed, published } = held.progress
    const pending = published < committed || (left?.notices.length ?? 0) > 0
    return { pending, more: pending && published > before && ports.publisher.state() === 'connected' }
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
