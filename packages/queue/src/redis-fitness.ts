import type { Redis } from 'ioredis'

interface FitnessOptions {
  /** With NODE_ENV=production a Redis that forgets everything at its next restart is refused. */
  readonly production: boolean
}

/**
 * What is wrong with this Redis for our purpose, one sentence each; none where it will do. Waits until Redis is there.
 * A Redis that evicts keys loses single jobs and schedules without a word, which nothing can find out.
 */
export async function unfitness(redis: Redis, { production }: FitnessOptions): Promise<string[]> {
  await connected(redis)
  const policy = field(await redis.info('memory'), 'maxmemory_policy')
  const problems: string[] = []
  if (policy !== null && policy !== 'noeviction')
    problems.push(`this Redis has maxmemory-policy ${policy}, which drops jobs; it must be noeviction`)
  if (production && field(await redis.info('persistence'), 'aof_enabled') === '0')
    problems.push('this Redis has no append-only file; with NODE_ENV=production set appendonly yes')
  return problems
}

/** A connection for requests answers nothing before it is ready, not even later. */
async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  const { promise, resolve } = Promise.withResolvers<void>()
  redis.once('ready', resolve)
  await promise
}

/** A field of INFO; null where this server does not tell it. */
const field = (info: string, name: string): string | null =>
  new RegExp(`^${name}:([\\w-]+)\\s*$`, 'm').exec(info)?.[1] ?? null
