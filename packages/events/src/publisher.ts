import type { RoutingKey, ServiceEvent } from '@bg-ingest/domain'
import { openBroker } from './broker.ts'
import { createInFlight } from './in-flight.ts'
import { type BrokerState, isTaken, type PublishOutcome } from './outcome.ts'
import { EXCHANGE } from './wire.ts'

export interface OutgoingEvent<K extends RoutingKey = RoutingKey> {
  readonly routingKey: K
  readonly event: ServiceEvent<K>
}

export interface EventPublisher {
  /** Publishes in order; answers how many of them, from the first on, the broker has taken. Never throws. */
  publishInOrder(events: readonly OutgoingEvent[]): Promise<number>
  state(): BrokerState
  /** Bounded; what is in flight counts as not taken. */
  close(): Promise<void>
}

export interface PublisherOptions {
  /** amqp: or amqps:, with user and password. */
  readonly url: string
  readonly exchange?: string
  /** How long the broker may take to confirm one message, in milliseconds. */
  readonly confirmTimeoutMs?: number
  /** Unconfirmed messages of this process at a time. */
  readonly maxInFlight?: number
  /** Called with the CloudEvents type, once per call, type and outcome. */
  readonly onOutcome?: (type: string, outcome: PublishOutcome, count: number) => void
  readonly onState?: (state: BrokerState) => void
  /** Called with a code, never a message of the broker's, when it cannot be used for another reason than before. */
  readonly onRefused?: (reason: string) => void
  /** From 0 to 1, for the pauses between two tries to connect. */
  readonly random?: () => number
}

/** RabbitMQ confirms in a millisecond, after a flush to disk in some tens; seconds mean that it is stuck. */
const CONFIRM_TIMEOUT_MS = 5_000
/** Pipelined, 256 reach thousands a second (stack.md 6), and are what a lost connection makes us send again. */
const MAX_IN_FLIGHT = 256

/** Publisher on RabbitMQ over one connection and one confirm channel. Starts, and stays usable, without a broker. */
export function createPublisher({
  url,
  exchange = EXCHANGE,
  confirmTimeoutMs = CONFIRM_TIMEOUT_MS,
  maxInFlight = MAX_IN_FLIGHT,
  onOutcome,
  onState,
  onRefused,
  random = Math.random,
}: PublisherOptions): EventPublisher {
  const inFlight = createInFlight(maxInFlight)
  const broker = openBroker({ url, exchange, confirmTimeoutMs, onState, onRefused, random })

  /** Behind one that was not taken, the rest stays here: it would arrive out of order. */
  async function send({ routingKey, event }: OutgoingEvent, order: { broken: boolean }): Promise<PublishOutcome> {
    const leave = await inFlight.enter()
    try {
      if (order.broken) return 'unavailable'
      const outcome = await broker.publish(routingKey, event.id, Buffer.from(JSON.stringify(event)))
      if (!isTaken(outcome)) order.broken = true
      return outcome
    } finally {
      leave()
    }
  }

  return {
    async publishInOrder(events) {
      const order = { broken: false }
      const outcomes = await Promise.all(events.map((outgoing) => send(outgoing, order)))
      if (onOutcome) tellOutcomes(onOutcome, events, outcomes)
      const refused = outcomes.findIndex((outcome) => !isTaken(outcome))
      return refused < 0 ? outcomes.length : refused
    },
    state: broker.state,
    close: broker.close,
  }
}

function tellOutcomes(
  tell: NonNullable<PublisherOptions['onOutcome']>,
  events: readonly OutgoingEvent[],
  outcomes: readonly PublishOutcome[],
): void {
  const counts = new Map<string, { type: string; outcome: PublishOutcome; count: number }>()
  for (const [i, outcome] of outcomes.entries()) {
    const type = events[i]?.event.type ?? ''
    const key = `${type} ${outcome}`
    const counted = counts.get(key) ?? { type, outcome, count: 0 }
    counts.set(key, { ...counted, count: counted.count + 1 })
  }
  for (const { type, outcome, count } of counts.values()) tell(type, outcome, count)
}
