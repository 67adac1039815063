import Bottleneck from 'bottleneck'
import { Redis, type RedisOptions } from 'ioredis'

type Define = (name: string, script: { readonly lua: string }) => void
type Done = (err: Error | null, result: unknown) => void

/** What this file knows of Bottleneck 2.19.5's inside; the version is pinned, its last release is of 2019. */
interface ConnectionInside {
  readonly subscriber: Redis
  __scriptFn__(name: string): (...args: unknown[]) => unknown
  _loadScripts(this: { readonly client: { readonly defineCommand: Define } }): void
}

export interface LimiterConnection {
  readonly redis: Redis
  readonly bottleneck: Bottleneck.IORedisConnection
  close(): void
}

/** A frozen Redis answers nothing at all; after a second the local share takes over. */
const COMMAND_TIMEOUT_MS = 1_000
/** Recovery after a restart is promised within 3 s; the upper half is chance, so that a fleet does not come at once. */
const RECONNECT_MS = 500

/**
 * A Redis client of the gates' own that fails fast, Bottleneck's view of it, repaired, and the second connection that
 * Bottleneck wants for its messages. `onError` is told of every lost or refused connection.
 */
export function connectLimiter(url: string, onError: (error: Error) => void): LimiterConnection {
  // Without the one field whose type in ioredis 6 contradicts its constructor under exactOptionalPropertyTypes.
  const options: Omit<RedisOptions, 'replyMapping'> = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: () => Math.round((RECONNECT_MS * (1 + Math.random())) / 2),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
  const redis = new Redis(url, Object.assign({}, options))
  redis.on('error', onError)
  // Without `Redis` Bottleneck looks for ioredis from its own folder, where it is not at home.
  const bottleneck = new Bottleneck.IORedisConnection({ client: redis, Redis })
  bottleneck.on('error', () => undefined)
  const inside = bottleneck as unknown as ConnectionInside
  healScriptErrors(inside)
  takeServerTime(inside, redis)
  return {
    redis,
    bottleneck,
    close() {
      inside.subscriber.disconnect()
      redis.disconnect()
    },
  }
}

/**
 * Redis 7 puts "ERR " before what a script raises, and Bottleneck compares whole messages: after FLUSHALL, a failover
 * or a pause of ten seconds every call would fail for ever (SGrondin/bottleneck 205, 219; open, unmaintained).
 */
function healScriptErrors(inside: ConnectionInside): void {
  const original = inside.__scriptFn__.bind(inside)
  inside.__scriptFn__ = (name) => {
    const run = original(name)
    return (...args) => {
      const done = args.pop() as Done
      return run(...args, (err: Error | null, result: unknown) => {
        if (err?.message.startsWith('ERR ')) err.message = err.message.slice('ERR '.length)
        done(err, result)
      })
    }
  }
}

const CLIENT_TIME = 'local now = tonumber(ARGV[1])'
const SERVER_TIME = `local time = redis.call('time')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)`

/**
 * Bottleneck's scripts go by the clock of whoever calls: one process an hour ahead would move the next slot of the whole
 * fleet an hour away. Its scripts are loaded once Redis is ready, so there is time to put Redis' own clock in.
 */
function takeServerTime(inside: ConnectionInside, client: Redis): void {
  const load = inside._loadScripts
  const defineCommand: Define = (name, { lua }) => {
    if (!lua.includes(CLIENT_TIME)) throw new Error(`Bottleneck's script ${name} is not the one that was read`)
    client.defineCommand(name, { lua: lua.replace(CLIENT_TIME, SERVER_TIME) })
  }
  inside._loadScripts = () => load.call({ client: { defineCommand } })
}
