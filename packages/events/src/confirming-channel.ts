import type { ConfirmChannel, Message } from 'amqplib'
import { isTaken, type PublishOutcome } from './outcome.ts'
import { CONTENT_TYPE } from './wire.ts'

export interface ConfirmingChannel {
  publish(routingKey: string, messageId: string, body: Buffer): Promise<PublishOutcome>
  /** Ends every wait now; what the broker says of these messages later is not heard. */
  giveUp(): void
}

interface ConfirmingOptions {
  readonly channel: ConfirmChannel
  readonly exchange: string
  readonly confirmTimeoutMs: number
  readonly onTimeout: () => void
  /** The broker said something of a message, be it too late. */
  readonly onAnswer: () => void
}

/** Far more than one process has on its way at a time; older ones may come twice. */
const REMEMBERED = 1_000

/** One confirm channel whose messages each end in an outcome, in time. */
export function confirmingChannel(options: ConfirmingOptions): ConfirmingChannel {
  const { channel, exchange, confirmTimeoutMs, onTimeout, onAnswer } = options
  const waiting = new Set<(outcome: PublishOutcome) => void>()
  // Sent here and waited for in vain: the broker takes it once it moves, and a second copy would only come behind it.
  const overdue = new Map<string, Promise<PublishOutcome>>()
  // The broker returns a message that no queue wanted just before it confirms it (measured, RabbitMQ 3.10).
  const returned = new Set<unknown>()
  channel.on('return', ({ properties }: Message) => {
    returned.add(properties.messageId)
  })

  function answered(messageId: string, err: Error | null): PublishOutcome {
    const wasReturned = returned.delete(messageId)
    if (err && err.message !== NACKED) return 'unavailable'
    onAnswer()
    if (err) return 'nacked'
    return wasReturned ? 'returned' : 'confirmed'
  }

  function send(routingKey: string, messageId: string, body: Buffer): Promise<PublishOutcome> {
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>()
    const properties = { persistent: true, mandatory: true, contentType: CONTENT_TYPE, messageId }
    try {
      channel.publish(exchange, routingKey, body, properties, (err) => resolve(answered(messageId, err)))
    } catch {
      resolve('unavailable') // a closed channel throws at once
    }
    return promise
  }

  function remember(messageId: string, answer: Promise<PublishOutcome>): void {
    overdue.set(messageId, answer)
    const [oldest] = overdue.keys()
    if (overdue.size > REMEMBERED && oldest !== undefined) overdue.delete(oldest)
    // A late refusal is none of the next try's.
    void answer.then((outcome) => isTaken(outcome) || overdue.delete(messageId))
  }

  return {
    publish(routingKey, messageId, body) {
      const { promise, resolve } = Promise.withResolvers<PublishOutcome>()
      const answer = overdue.get(messageId) ?? send(routingKey, messageId, body)
      overdue.delete(messageId)
      const settle = (outcome: PublishOutcome) => {
        clearTimeout(timer)
        waiting.delete(leave)
        resolve(outcome)
      }
      const leave = (outcome: PublishOutcome) => {
        remember(messageId, answer)
        settle(outcome)
      }
      const timer = setTimeout(() => {
        leave('timeout')
        onTimeout()
      }, confirmTimeoutMs)
      waiting.add(leave)
      void answer.then(settle)
      return promise
    },
    giveUp() {
      for (const leave of waiting) leave('unavailable')
    },
  }
}

/** amqplib 2.3.1 tells a nack from a lost channel by its words alone. */
const NACKED = 'message nacked'
