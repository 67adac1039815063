import Bottleneck from 'bottleneck'
import { Redis } from 'ioredis'

type Define = (name: string, script: { readonly lua: string }) => void
type Done = (err: Error | null, result: unknown) => void

/** What this file knows of Bottleneck 2.19.5's inside; the version is pinned, its last release is of 2019. */
interface ConnectionInside {
  readonly subscriber: Redis
  __scriptFn__(name: string): (...args: unknown[]) => unknown
  _loadScripts(this: { readonly client: { readonly defineCommand: Define } }): void
}

/** Bottleneck's view of a Redis client, repaired, with a second connection for its messages. */
export function connectLimiter(client: Redis): { connection: Bottleneck.IORedisConnection; close: () => void } {
  // Without `Redis` Bottleneck looks for ioredis from its own folder, where it is not at home.
  const connection = new Bottleneck.IORedisConnection({ client, Redis })
  connection.on('error', () => undefined)
  const inside = connection as unknown as ConnectionInside
  healScriptErrors(inside)
  takeServerTime(inside, client)
  return { connection, close: () => inside.subscriber.disconnect() }
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
