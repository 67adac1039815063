import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { AppError } from '@bg-ingest/domain'

type Ports<K extends string> = Readonly<Record<K, number>>

const PORT_TAKEN = /address already in use|eaddrinuse|BindException|failed to bind|duplicate_name|port_already_used/i

/** Free ports of 127.0.0.1, one for each name. All are held until the last is known, so no two are the same. */
async function freePorts<K extends string>(names: readonly K[]): Promise<Ports<K>> {
  const held = await Promise.all(
    names.map(async (name) => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { name, server, port: (server.address() as AddressInfo).port }
    }),
  )
  await Promise.all(
    held.map(async ({ server }) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return Object.fromEntries(held.map(({ name, port }) => [name, port])) as Ports<K>
}

/**
 * Runs `start` on free ports and, where another process took one of them in between, once more on others.
 * Ports in `fixed` are used as given.
 */
export async function onFreePorts<K extends string, T>(
  names: readonly K[],
  fixed: Partial<Ports<K>>,
  start: (ports: Ports<K>) => Promise<T>,
): Promise<T> {
  try {
    return await start({ ...(await freePorts(names)), ...fixed })
  } catch (err) {
    if (!(err instanceof AppError && PORT_TAKEN.test(err.message))) throw err
    return start({ ...(await freePorts(names)), ...fixed })
  }
}
