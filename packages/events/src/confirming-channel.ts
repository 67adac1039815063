import type { ConfirmChannel, Message } from 'amqplib'
import type { PublishOutcome } from './outcome.ts'
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

/** One confirm channel whose messages each end in an outcome, in time. */
export function confirmingChannel(options: ConfirmingOptions): ConfirmingChannel {
  const { channel, exchange, confirmTimeoutMs, onTimeout, onAnswer } = options
  const waiting = new Set<(outcome: PublishOutcome) => void>()
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

  return {
    publish(routingKey, messageId, body) {
      const { promise, resolve } = Promise.withResolvers<PublishOutcome>()
      const settle = (outcome: PublishOutcome) => {
        clearTimeout(timer)
        waiting.delete(settle)
        resolve(outcome)
      }
      const timer = setTimeout(() => {
        settle('timeout')
        onTimeout()
      }, confirmTimeoutMs)
      waiting.add(settle)
      const properties = { persistent: true, mandatory: true, contentType: CONTENT_TYPE, messageId }
      try {
        channel.publish(exchange, routingKey, body, properties, (err) => settle(answered(messageId, err)))
      } catch {
        settle('unavailable') // a closed channel throws at once
      }
      return promise
    },
    giveUp() {
      for (const settle of waiting) settle('unavailable')
    },
  }
}

/** amqplib 2.3.1 tells a nack from a lost channel by its words alone. */
const NACKED = 'message nacked'
