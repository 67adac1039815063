import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createUnbroken, type Observer, type Ports } from '@bg-ingest/ingest'

type Adapters = Pick<Ports, 'accounts' | 'readings' | 'dexcom' | 'vault' | 'publisher' | 'digests' | 'outbox'>

/** Joins the adapters with the clock, the observer and chance into what the flows ask for. */
export function createPorts(adapters: Adapters, observer: Observer): Ports {
  return {
    ...adapters,
    observer,
    clock: { now: Date.now, monotonic: () => performance.now() },
    pause: (ms) => sleep(ms),
    newId: randomUUID,
    unbroken: createUnbroken(),
  }
}
