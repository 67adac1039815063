import { setTimeout as delay } from 'node:timers/promises'
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib'
import { type ConfirmingChannel, confirmingChannel } from './confirming-channel.ts'
import type { BrokerState, PublishOutcome } from './outcome.ts'
import { createReconnectDelay } from './reconnect-delay.ts'
import { refusalOf, UNKNOWN } from './refusal.ts'

export interface BrokerOptions {
  readonly url: string
  readonly exchange: string
  readonly confirmTimeoutMs: number
  readonly onState: ((state: BrokerState) => void) | undefined
  readonly onRefused: ((reason: string) => void) | undefined
  /** From 0 to 1. */
  readonly random: () => number
}

export interface Broker {
  publish(routingKey: string, messageId: string, body: Buffer): Promise<PublishOutcome>
  state(): BrokerState
  close(): Promise<void>
}

/** A handshake takes milliseconds; a frozen broker would hold it for ever. */
const HANDSHAKE_MS = 10_000
/** Two missed beats end a connection that nobody closed: 20 to 30 s. */
const HEARTBEAT_SECONDS = 10
/** A living broker answers a close in milliseconds; from another we take the socket away. */
const CLOSE_MS = 2_000

/** One connection that comes back by itself, with one confirm channel. Never throws for a broker that is away. */
export function openBroker(options: BrokerOptions): Broker {
  const { url, exchange, confirmTimeoutMs, onState, onRefused, random } = options
  const shutdown = new AbortController()
  let current: ConfirmingChannel | null = null
  let blocked = false
  let stuck: NodeJS.Timeout | null = null
  let announced: BrokerState = 'connecting'
  let refusal: string | null = null
  const reconnect = createReconnectDelay({ random, now: () => performance.now() })

  function state(): BrokerState {
    if (shutdown.signal.aborted) return 'off'
    if (!current) return 'connecting'
    return blocked || stuck ? 'blocked' : 'connected'
  }

  function announce(): void {
    const now = state()
    if (now === announced) return
    announced = now
    onState?.(now)
  }

  /** Says once why, not at each try. */
  function tellRefusal(err: Error): void {
    const reason = refusalOf(err)
    // What follows on a refusal has no code of its own.
    if (reason === refusal || (reason === UNKNOWN && refusal) || shutdown.signal.aborted) return
    refusal = reason
    onRefused?.(reason)
  }

  /** A broker that let a message wait too long gets no other, until it answers or as long again has passed. */
  function setStuck(isStuck: boolean): void {
    if (stuck) clearTimeout(stuck)
    stuck = isStuck ? setTimeout(() => setStuck(false), confirmTimeoutMs).unref() : null
    announce()
  }

  function setBlocked(isBlocked: boolean): void {
    blocked = isBlocked
    // A broker under alarm confirms nothing until the alarm is over, which may take hours.
    if (isBlocked) current?.giveUp()
    announce()
  }

  /** amqplib revives only what is made here. */
  async function setup(model: ChannelModel): Promise<void> {
    model.on('error', tellRefusal) // `close` follows
    model.on('blocked', () => setBlocked(true))
    model.on('unblocked', () => setBlocked(false))
    const channel = await model.createConfirmChannel()
    const confirming = confirmingChannel({
      channel,
      exchange,
      confirmTimeoutMs,
      onTimeout: () => setStuck(true),
      onAnswer() {
        refusal = null
        if (stuck) setStuck(false)
      },
    })
    channel.on('error', tellRefusal) // `close` follows
    channel.on('close', () => {
      if (current === confirming) current = null
      blocked = false
      setStuck(false)
      // A lost exchange ends the channel alone; only a lost connection brings the next setup.
      setImmediate(() => model.close().catch(ignore))
    })
    await channel.assertExchange(exchange, 'topic', { durable: true })
    current = confirming
    reconnect.opened()
    announce()
  }

  const socket = { timeout: HANDSHAKE_MS, signal: shutdown.signal }
  const recovery = { calculateDelay: reconnect.next, waitForConnect: false, setup }
  const connecting: Promise<RecoveringChannelModel> = connect(withHeartbeat(url), { ...socket, recovery })
  const connection = connecting.then((model) => model.on('error', ignore).on('connect-failed', tellRefusal))

  return {
    state,
    async publish(routingKey, messageId, body) {
      if (!current || state() !== 'connected') return 'unavailable'
      return current.publish(routingKey, messageId, body)
    },
    async close() {
      if (shutdown.signal.aborted) return
      const model = await connection
      await Promise.race([model.close(), delay(CLOSE_MS, undefined, { ref: false })])
      shutdown.abort()
      current?.giveUp()
      setStuck(false)
    },
  }
}

const ignore = (): void => undefined

function withHeartbeat(text: string): string {
  // The URL parser's own error would carry the text, password included.
  if (!URL.canParse(text)) throw new TypeError('the URL of the broker cannot be read')
  const url = new URL(text)
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
  return url.href
}
