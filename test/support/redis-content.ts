import type { Redis } from 'ioredis'

/**
 * What a key of Redis holds, whatever its type, as text; empty where it is gone. A key may go, and come again as something
 * else, between the look at its type and the read: then both are done anew.
 */
export async function contentOf(redis: Redis, key: string): Promise<string> {
  for (;;)
    try {
      return await readAsIs(redis, key)
    } catch (err) {
      if (!String(err).includes('WRONGTYPE')) throw err
    }
}

async function readAsIs(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? ''
    case 'hash':
      return JSON.stringify(await redis.hgetall(key))
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1))
    case 'set':
      return JSON.stringify(await redis.smembers(key))
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'))
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'))
    default:
      return ''
  }
}
