import { connectForWork, createSeenDigests, type Redis } from '@bg-ingest/queue'
import { expect } from 'chai'
import { aUserId } from '../support/build.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const KEY = new Uint8Array(32).fill(7)
const SLACK_MS = 400

describe('digests of what polls have seen, in Redis', function () {
  this.timeout(20_000)
  let server: LocalRedis
  let redis: Redis

  before(async () => {
    server = await startRedis()
    redis = connectForWork(server.url, { onError: () => undefined })
    await redis.ping()
  })
  after(async () => {
    redis.disconnect()
    await server.stop()
  })

  const digestOf = (hash: (text: string) => string, count: number) => ({
    run: '3f0e7a52-6a52-4d3e-9f0b-1d6f1f3a9b11',
    committed: 123_456_789_012,
    hashes: {
      cgm: Array.from({ length: count }, (_, n) => hash(`reading ${n}`)),
      calibration: [hash('calibration')],
      manual: [],
    },
  })

  it('come back as they were written, for two days, one person’s', async () => {
    const digests = createSeenDigests(redis, { key: KEY })
    const [alice, bob] = [aUserId('seen'), aUserId('seen')]
    const digest = digestOf(digests.hash, 300)
    await digests.write(alice, digest)
    expect(await digests.read(alice)).to.deep.equal(digest)
    expect(await digests.read(bob)).to.equal(null)
    const [key = ''] = await redis.keys('*:seen:*')
    expect(key).not.to.contain(alice)
    expect(await redis.pttl(key)).to.be.within(2 * 86_400_000 - 5_000, 2 * 86_400_000)
    await digests.forget(alice)
    expect(await digests.read(alice)).to.equal(null)
  })

  it('take at most 4 KB, with 448 hashes, and hold neither text nor anything but hashes under a key', async () => {
    const digests = createSeenDigests(redis, { key: KEY })
    const userId = aUserId('seen')
    await digests.write(userId, digestOf(digests.hash, 447))
    const [key = ''] = await redis.keys('*:seen:*')
    expect(await redis.strlen(key)).to.be.at.most(4_096)
    expect((await redis.getBuffer(key))?.includes('reading')).to.equal(false)
    expect(digests.hash('100')).to.have.length(12)
    expect(createSeenDigests(redis, { key: KEY.map(() => 8) }).hash('100')).not.to.equal(digests.hash('100'))
  })

  it('are found by a process that was too busy to look at its sockets in time', async () => {
    const digests = createSeenDigests(redis, { key: KEY })
    const userId = aUserId('seen')
    const digest = digestOf(digests.hash, 3)
    await digests.write(userId, digest)
    const found = digests.read(userId)
    for (const until = performance.now() + 150; performance.now() < until; );
    expect(await found).to.deep.equal(digest)
  })

  it('that another version has written, or that are cut off, are none', async () => {
    const digests = createSeenDigests(redis, { key: KEY, prefix: 'other' })
    const userId = aUserId('seen')
    await digests.write(userId, digestOf(digests.hash, 2))
    const [key = ''] = await redis.keys('other:seen:*')
    const bytes = (await redis.getBuffer(key)) ?? expect.fail()
    for (const broken of [
      Buffer.concat([Buffer.from([9]), bytes.subarray(1)]),
      bytes.subarray(0, -1),
      Buffer.alloc(0),
    ]) {
      await redis.set(key, broken)
      expect(await digests.read(userId)).to.equal(null)
    }
  })

  it('are not waited for: neither from a frozen Redis nor from one that is away', async () => {
    const digests = createSeenDigests(redis, { key: KEY })
    const userId = aUserId('seen')
    const digest = digestOf(digests.hash, 1)
    await digests.write(userId, digest)
    process.kill(server.pid, 'SIGSTOP')
    const from = performance.now()
    expect(await digests.read(userId)).to.equal(null)
    await digests.write(userId, digest)
    expect(performance.now() - from).to.be.below(200 + SLACK_MS)
    await server.stop()
    await until('the connection is gone', () => redis.status !== 'ready')
    expect(await digests.read(userId)).to.equal(null)
    await digests.write(userId, digest)
    await digests.forget(userId)
    expect(performance.now() - from).to.be.below(2_000)
  })
})
