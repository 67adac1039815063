import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectForRequests, connectForWork, unfitness } from '@bg-ingest/queue'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { openPolledPeople, type PolledPeople } from '../support/polled-people.ts'
import { type LocalRedis, startRedis, startTlsRedis } from '../support/redis.ts'
import { startTcpProxy, type TcpProxy, targetOf, through } from '../support/tcp-proxy.ts'

describe('fleet: Redis in trouble', function () {
  this.timeout(60_000)
  let server: LocalRedis
  let admin: Redis
  let wire: TcpProxy
  let people: PolledPeople

  before(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    wire = await startTcpProxy(targetOf(server.url))
    people = await openPolledPeople(through(wire, server.url))
  })
  after(async () => {
    await people.close()
    admin.disconnect()
    await wire.close()
    await server.stop()
  })

  beforeEach(() => people.polling(20_000))

  const cases: readonly (readonly [what: string, hurt: () => Promise<unknown>, withinMs: number])[] = [
    [
      'all connections are killed, five times in a row',
      async () => {
        for (let i = 0; i < 5; i++) {
          await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
          await delay(200)
        }
      },
      15_000,
    ],
    ['it pauses all clients for 3 s', () => admin.call('CLIENT', 'PAUSE', '3000'), 8_000],
    ['its scripts are flushed', () => admin.script('FLUSH'), 5_000],
    [
      'it is out of memory for a while',
      async () => {
        await admin.config('SET', 'maxmemory', '1mb')
        await delay(2_000)
        await admin.config('SET', 'maxmemory', '0')
      },
      10_000,
    ],
    [
      'it is a replica for a while',
      async () => {
        await admin.call('REPLICAOF', '127.0.0.1', '1')
        await delay(2_000)
        await admin.call('REPLICAOF', 'NO', 'ONE')
      },
      10_000,
    ],
    [
      'it is frozen for 4 s',
      async () => {
        process.kill(server.pid, 'SIGSTOP')
        await delay(4_000)
        process.kill(server.pid, 'SIGCONT')
      },
      8_000,
    ],
    [
      'the network swallows everything for 3 s',
      async () => {
        wire.freeze()
        await delay(3_000)
        wire.thaw()
      },
      8_000,
    ],
    ['every command takes 60 ms longer', async () => wire.slow(30), 20_000],
  ]
  for (const [what, hurt, withinMs] of cases)
    it(`goes on polling when ${what}`, async () => {
      try {
        await hurt()
        await people.polling(withinMs)
      } finally {
        wire.slow(0)
      }
    })

  /** Both kinds of clients for 5 s at an address that does not take them, which they must not hammer; answers what they were told. */
  async function knockAt(url: string): Promise<string> {
    const door = await startTcpProxy(targetOf(url))
    const told: string[] = []
    const listener = { onError: ({ message, stack }: Error) => void told.push(`${message} ${stack}`) }
    const led = through(door, url)
    const clients = [connectForRequests(led, listener), connectForWork(led, listener)]
    await delay(5_000)
    const tries = door.connections()
    for (const client of clients) client.disconnect()
    await door.close()
    expect(told.length).to.be.at.least(2)
    // The first few come quicker than one a second, and the pace halves with each.
    expect(tries, 'of two clients in 5 s').to.be.within(4, 16)
    return told.join('\n')
  }

  it('does not hammer a Redis that refuses the password, and does not tell it (C12)', async () => {
    await admin.config('SET', 'requirepass', 'c4n4ry-right')
    const wrong = new URL(server.url)
    wrong.password = 'c4n4ry-wrong'
    const told = await knockAt(wrong.href).finally(() => admin.config('SET', 'requirepass', ''))
    expect(told).not.to.include('c4n4ry')
  })

  describe('that speaks TLS alone, or not at all', () => {
    let folder: string
    let sealed: LocalRedis
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bg-redis-tls-'))
      sealed = await startTlsRedis(folder)
    })
    after(async () => {
      await sealed.stop()
      await rm(folder, { recursive: true })
    })
    const withPassword = (url: string, protocol: string) => url.replace(/^rediss?:\/\//, `${protocol}://:c4n4ry@`)

    it('is not hammered by who comes without (C12)', async () => {
      const told = await knockAt(withPassword(sealed.url, 'redis'))
      expect(told).to.include('before it was ready').and.not.include('c4n4ry')
    })

    it('is not hammered by who does not know its certificate (C12)', async () => {
      const told = await knockAt(withPassword(sealed.url, 'rediss'))
      expect(told).to.include('self-signed certificate').and.not.include('c4n4ry')
    })

    it('is not hammered by who asks a plain one for TLS (C12)', async () => {
      expect(await knockAt(withPassword(server.url, 'rediss'))).not.to.include('c4n4ry')
    })
  })

  it('will not do where it drops keys, or forgets everything in production', async () => {
    expect(await unfitness(admin, { production: false })).to.deep.equal([])
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const [problem = ''] = await unfitness(admin, { production: false })
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    expect(problem).to.include('allkeys-lru').and.include('noeviction')
    expect((await unfitness(admin, { production: true })).join()).to.include('appendonly')
  })
})
