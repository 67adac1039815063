import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib'
import { sleep } from '../sleep.ts'
import { type ReadingsChanged, readMessage, type ServiceMessage } from './message.ts'
import { type Gap, heal, type Keeper, type RangeNeeds, takeRange } from './take-range.ts'
import { declare } from './topology.ts'

export interface ConsumerOptions extends Keeper {
  /** amqp: or amqps:, with user and password. */
  readonly url: string
  /** A durable queue of your own; made where there is none, with `<queue>.dead` for what cannot be taken in. */
  readonly queue: string
  readonly exchange?: string
  /** Where missing messages are fetched: a client with a token that may read everybody, or its `changes`. */
  readonly client: Pick<RangeNeeds, 'changes'>
  /** How often a message is handed out before it goes to the dead letters. Default 10. */
  readonly deliveryLimit?: number
  /** Told of messages that never came; they are fetched anyway. */
  readonly onGap?: (gap: Gap) => void
  /** Told of a range that was taken in already. */
  readonly onRepeat?: (range: ReadingsChanged) => void
  /** Told of what went wrong; the message is tried again, or set aside at its limit. Holds what your own code threw. */
  readonly onError?: (error: unknown) => void
}

export interface ReadingsConsumer {
  /** Takes in what the change feed has of a person: for a queue that was bound late, or after a loss. */
  catchUp(userId: string): Promise<void>
  /** Finishes the message at hand and lets go of the connection. */
  close(): Promise<void>
}

const DELIVERY_LIMIT = 10
const HEARTBEAT_SECONDS = 10
const HANDSHAKE_MS = 10_000
const RECONNECT = { initialDelay: 200, maxDelay: 5_000, factor: 2, jitter: 0.5 }
/** A queue may lose its binding while we listen, with the exchange; this often it is bound again. */
const DECLARE_EVERY_MS = 60_000
/** Before a message that could not be taken in is handed out again: what is in its way may pass. */
const PAUSE_MS = 500
const CLOSE_MS = 2_000

/**
 * Consumes the changes of readings, each exactly once as far as `apply` keeps effect and position together: drops what it
 * has seen, fetches from the change feed what is missing, tries again what fails, and sets aside what always does. Resolves
 * once it listens; rejects where the queue exists with other properties.
 */
export async function consumeReadings(options: ConsumerOptions): Promise<ReadingsConsumer> {
  const { queue, exchange = 'bg.events', deliveryLimit = DELIVERY_LIMIT, onError = ignore, client } = options
  const stop = new AbortController()
  const topology = { queue, exchange, deliveryLimit }
  const needs: RangeNeeds = {
    position: options.position,
    apply: options.apply,
    erase: options.erase,
    changes: (userId, query) => client.changes(userId, query),
    pause: (ms) => sleep(ms, stop.signal),
    onGap: options.onGap ?? ignore,
    onRepeat: options.onRepeat ?? ignore,
  }
  const turns = inTurn()

  const take = async (channel: ConfirmChannel, message: ConsumeMessage) => {
    const read = readOrNull(message.content)
    // What is no message of this service will never be one.
    if (!read) return settle(() => channel.nack(message, false, false))
    try {
      await turns(() => takeIn(needs, read))
      settle(() => channel.ack(message))
    } catch (error) {
      onError(error)
      await sleep(PAUSE_MS, stop.signal).catch(ignore)
      settle(() => channel.nack(message))
    }
  }

  const setup = async (model: ChannelModel) => {
    model.on('error', ignore) // `close` follows
    const channel = await model.createConfirmChannel()
    channel.on('error', onError)
    await declare(channel, topology)
    await channel.prefetch(1)
    const again = setInterval(() => void declare(channel, topology).catch(ignore), DECLARE_EVERY_MS).unref()
    // Whatever ends the channel alone (the queue is deleted, say) ends the connection too, and the next one begins anew.
    channel.on('close', () => {
      clearInterval(again)
      setImmediate(() => model.close().catch(ignore))
    })
    await channel.consume(queue, (message) => {
      if (message) void take(channel, message)
      else setImmediate(() => model.close().catch(ignore)) // the broker has deleted the queue
    })
  }

  await declareOnce(options.url, topology)
  const socket = { timeout: HANDSHAKE_MS, signal: stop.signal }
  const model = await connect(withHeartbeat(options.url), { ...socket, recovery: { ...RECONNECT, setup } })
  model.on('error', ignore)
  return {
    catchUp: (userId) => turns(async () => void (await heal(needs, userId, await needs.position(userId)))),
    async close() {
      await turns(async () => undefined)
      await Promise.race([model.close(), sleep(CLOSE_MS, stop.signal).catch(ignore)])
      stop.abort()
    },
  }
}

const ignore = (): void => undefined

function readOrNull(body: Buffer): ServiceMessage | null {
  try {
    return readMessage(body)
  } catch {
    return null
  }
}

async function takeIn(needs: RangeNeeds, message: ServiceMessage): Promise<void> {
  if (message.kind === 'changed') await takeRange(needs, message.range)
  if (message.kind === 'erased') await needs.erase(message.userId, message.at)
}

/** One after the other, also what `catchUp` brings beside the messages. */
function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work, work)
    last = turn.catch(ignore)
    return turn
  }
}

/** The channel may have ended meanwhile: then the broker hands the message out again. */
function settle(answer: () => void): void {
  try {
    answer()
  } catch {
    // NOTE: a closed channel throws at once
  }
}

/** A queue of other properties would be refused again and again, so it is found out before anything reconnects. */
async function declareOnce(url: string, topology: Parameters<typeof declare>[1]): Promise<void> {
  const connection = await connect(withHeartbeat(url), { timeout: HANDSHAKE_MS })
  connection.on('error', ignore)
  try {
    const channel = await connection.createChannel()
    channel.on('error', ignore)
    await declare(channel, topology)
  } finally {
    await connection.close().catch(ignore)
  }
}

function withHeartbeat(text: string): string {
  // The URL parser's own error would carry the text, password included.
  if (!URL.canParse(text)) throw new TypeError('the URL of the broker cannot be read')
  const url = new URL(text)
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
  return url.href
}
