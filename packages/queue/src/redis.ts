import { Redis, type RedisOptions } from 'ioredis'

/** Without the one field whose type in ioredis 6 contradicts its constructor under exactOptionalPropertyTypes. */
type Options = Omit<RedisOptions, 'replyMapping'>

export interface ConnectionListener {
  /** Told of every lost or refused connection; ioredis reconnects by itself. */
  readonly onError: (error: Error) => void
}

/** A request may cost a second, no more: a frozen Redis answers nothing at all (measured: ping hangs for ever). */
const REQUEST_TIMEOUT_MS = 1_000

/** Nobody waits longer than that second, so a Redis that was merely frozen for less than this is used again at once. */
const REQUEST_SILENCE_MS = 10_000

const RETRY_MIN_MS = 200
const RETRY_MAX_MS = 5_000

/** Where callers wait. At most one try a second, also at a Redis that refuses our password. */
const REQUEST_RETRY_MAX_MS = 2_000

/** 0.2 s to `maxMs`, the upper half of it random, so that a fleet does not come back in one instant. */
const retryWithin =
  (maxMs: number) =>
  (times: number): number => {
    const ceiling = Math.min(maxMs, RETRY_MIN_MS * 2 ** Math.min(times, 10))
    return Math.round(ceiling / 2 + (Math.random() * ceiling) / 2)
  }

/** TCP's own probes, so that a peer which is gone without a word is noticed while nothing is asked. */
const KEEP_ALIVE_MS = 10_000

/**
 * A connection on which something was asked and nothing at all came for so long is half-open, or its Redis frozen: a new
 * one is opened (left to TCP, that takes a quarter of an hour). A job passes two of them, one that blocks and one that
 * does not, and polls are to go on within 15 s (promises.md C8).
 */
const SILENCE_MS = 5_000

/** BullMQ 6.7 blocks for 10 s at most. */
const BLOCKED_SILENCE_MS = 11_500

const SHARED: Options = {
  retryStrategy: retryWithin(RETRY_MAX_MS),
  keepAlive: KEEP_ALIVE_MS,
  socketTimeout: SILENCE_MS,
  // A replica that was the primary a moment ago: the name leads to the new one after a reconnect.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
}

function open(url: string, options: Options, { onError }: ConnectionListener): Redis {
  const redis = new Redis(url, Object.assign({}, SHARED, options))
  redis.on('error', onError)
  tellOfEarlyCloses(redis, onError)
  return redis
}

/** ioredis says nothing of a server that hangs up on us at once, as one does that speaks TLS alone. */
function tellOfEarlyCloses(redis: Redis, onError: ConnectionListener['onError']): void {
  let isEarly = false
  redis.on('connect', () => {
    isEarly = true
  })
  redis.on('ready', () => {
    isEarly = false
  })
  // Not `close`: that comes as well where we hang up ourselves.
  redis.on('reconnecting', () => {
    if (isEarly) onError(new Error('Redis closed the connection before it was ready'))
    isEarly = false
  })
}

/** For whoever has a caller waiting (the API): every command fails at once or within a second. */
export function connectForRequests(url: string, listener: ConnectionListener): Redis {
  const failFast: Options = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: REQUEST_TIMEOUT_MS,
    connectTimeout: REQUEST_TIMEOUT_MS,
    socketTimeout: REQUEST_SILENCE_MS,
    retryStrategy: retryWithin(REQUEST_RETRY_MAX_MS),
  }
  return open(url, failFast, listener)
}

/** For workers: commands wait until Redis is back, as BullMQ demands of a connection that blocks. */
export function connectForWork(url: string, listener: ConnectionListener): Redis {
  return open(url, { maxRetriesPerRequest: null }, listener)
}

export interface OwnConnections {
  /** To be handed to BullMQ, which blocks on duplicates of it. */
  readonly source: Redis
  /** Lets go of all sockets at once, also where BullMQ waits for a Redis that is away. */
  disconnect(): void
}

/**
 * Connections to the server of `redis` without its time limits, whichever kind `redis` is, for what blocks. BullMQ
 * makes its duplicates itself and, while Redis is away, never closes them (6.7.0, measured), so they are kept in view.
 */
export function ownConnections(
  redis: Redis,
  { onError }: ConnectionListener,
  connect: 'all' | 'duplicates',
): OwnConnections {
  const patient: Options = { maxRetriesPerRequest: null, enableOfflineQueue: true, socketTimeout: SILENCE_MS }
  const blocking: Options = { lazyConnect: false, socketTimeout: BLOCKED_SILENCE_MS }
  const options: Options = Object.assign({}, redis.options, patient)
  delete options.commandTimeout
  const opened: Redis[] = []
  const openOne = (more: Options) => {
    const connection = new Redis(Object.assign({}, options, more))
    connection.on('error', onError)
    opened.push(connection)
    return connection
  }
  const source = openOne({ lazyConnect: connect === 'duplicates' })
  Object.assign(source, { duplicate: (override: Options) => openOne({ ...override, ...blocking }) })
  return {
    source,
    disconnect() {
      // Ended ones are left alone: ioredis 6 would start a timer of 2 s for them, and the process would wait for it.
      for (const connection of opened) if (connection.status !== 'end') connection.disconnect()
    },
  }
}
