import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startRedis } from '@bg-ingest/local-stack'
import { expect } from 'chai'
import { openPolledPeople, type PolledPeople } from '../support/polled-people.ts'
import { startTcpProxy, type TcpProxy, targetOf, through } from '../support/tcp-proxy.ts'

type Running = Awaited<ReturnType<typeof startRedis>>

interface Place {
  readonly dir: string
  readonly wire: TcpProxy
  readonly people: PolledPeople
  server: Running
}

/** promises.md C1, C3 and C8. */
const OUTAGE_MS = 30_000
/** Of which a reconnect may be 5 s away. */
const BACK_WITHIN_MS = 15_000

const OUTAGES: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
  'killed, and back with its file (C1)': async (place) => {
    const { port } = place.server
    process.kill(place.server.pid, 'SIGKILL')
    await place.server.stop()
    await delay(OUTAGE_MS)
    place.server = await startRedis({ env: process.env, dir: place.dir, port, keepData: true })
  },
  'frozen (C3)': async ({ server }) => {
    process.kill(server.pid, 'SIGSTOP')
    await delay(OUTAGE_MS)
    process.kill(server.pid, 'SIGCONT')
  },
  'half-open on every connection, on a wire that carries nothing (C8)': async ({ wire }) => {
    wire.halfOpen()
    wire.freeze()
    await delay(OUTAGE_MS)
    wire.thaw()
  },
  // The outage is over at once; only our connections do not know.
  'half-open on every connection, while new ones work (C8)': async ({ wire }) => wire.halfOpen(),
}

describe('fleet: half a minute without Redis', function () {
  this.timeout(120_000)
  const places = new Map<string, Place>()
  before(async () => {
    for (const what of Object.keys(OUTAGES)) places.set(what, await openPlace())
    await Promise.all([...places.values()].map(({ people }) => people.polling(20_000)))
  })
  after(() => Promise.all([...places.values()].map(closePlace)))

  it(`goes on polling within ${BACK_WITHIN_MS / 1_000} s of the end of it: ${Object.keys(OUTAGES).join('; ')}`, async () => {
    const took = await Promise.all(
      [...places].map(async ([what, place]) => {
        await OUTAGES[what]?.(place)
        return place.people.polling(BACK_WITHIN_MS).catch((cause) => {
          throw new Error(what, { cause })
        })
      }),
    )
    console.log(`      two rounds of everybody took ${took.join(', ')} ms`)
    expect(took).to.have.length(places.size)
  })
})

async function openPlace(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'bg-redis-long-'))
  const server = await startRedis({ env: process.env, dir, keepData: true })
  const url = `redis://127.0.0.1:${server.port}`
  const wire = await startTcpProxy(targetOf(url))
  return { dir, server, wire, people: await openPolledPeople(through(wire, url)) }
}

async function closePlace({ dir, server, wire, people }: Place): Promise<void> {
  await people.close()
  await wire.close()
  await server.stop()
  await rm(dir, { recursive: true })
}
