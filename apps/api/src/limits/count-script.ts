import { hash } from 'node:crypto'

/** What counting needs of Redis. */
export interface CountingRedis {
  /** Whether a command would be sent at once. */
  readonly ready: () => boolean
  readonly call: (command: string, ...args: string[]) => Promise<unknown>
}

/** How often something was counted in its window, over all replicas. */
export interface SharedCount {
  readonly total: number
  /** Until the window ends. */
  readonly leftMs: number
}

/** Adds to counters, each of which lives for a window from its first hit on; 0 only looks. Answers total and time left of each. */
const SCRIPT = `local answer = {}
for i, key in ipairs(KEYS) do
  local hits = tonumber(ARGV[i + 1])
  local total = hits ~= 0 and redis.call('INCRBY', key, hits) or tonumber(redis.call('GET', key) or '0')
  local left = redis.call('PTTL', key)
  if left == -1 then
    redis.call('PEXPIRE', key, ARGV[1])
    left = tonumber(ARGV[1])
  end
  answer[i * 2 - 1] = total
  answer[i * 2] = left
end
return answer`
const SHA = hash('sha1', SCRIPT)

/** One round trip, however many keys. Throws where Redis is away. */
export async function countOnRedis(
  redis: CountingRedis,
  windowMs: number,
  hits: ReadonlyMap<string, number>,
): Promise<Map<string, SharedCount>> {
  const keys = [...hits.keys()]
  const args = [String(keys.length), ...keys, String(windowMs), ...[...hits.values()].map(String)]
  const answer = await redis.call('EVALSHA', SHA, ...args).catch((err: unknown) => {
    // A Redis that has started anew, or a new one.
    if (!(err instanceof Error) || !err.message.startsWith('NOSCRIPT')) throw err
    return redis.call('EVAL', SCRIPT, ...args)
  })
  const numbers = (answer as readonly unknown[]).map(Number)
  return new Map(
    keys.map((key, i) => [key, { total: numbers[2 * i] ?? 0, leftMs: Math.max(0, numbers[2 * i + 1] ?? 0) }]),
  )
}
