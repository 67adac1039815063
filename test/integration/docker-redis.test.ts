import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFreePorts, startServiceProcess } from '@bg-ingest/local-stack'
import { connectForRequests, unfitness } from '@bg-ingest/queue'
import { expect } from 'chai'

const CONF = join(import.meta.dirname, '../../docker/redis/redis.conf')

describe('docker/redis/redis.conf', function () {
  this.timeout(30_000)

  it('makes a Redis that the service takes, in production too', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bg-redis-conf-'))
    await onFreePorts(['port'], {}, async ({ port }) => {
      const service = { name: 'redis-server', command: 'redis-server', dir, env: process.env, stopWithinMs: 3_000 }
      const redis = await startServiceProcess({
        ...service,
        args: [CONF, '--port', `${port}`],
      })
      const client = connectForRequests(`redis://127.0.0.1:${port}`, { onError: () => undefined })
      try {
        await redis.untilReady(
          async () => ((await client.ping().catch(() => '')) === 'PONG' ? true : undefined),
          10_000,
          undefined,
        )
        expect(await unfitness(client, { production: true })).to.deep.equal([])
        expect(await client.flushall().catch(({ message }: Error) => message)).to.match(/unknown command/)
      } finally {
        client.disconnect()
        await redis.stop()
        await rm(dir, { recursive: true })
      }
    })
  })
})
