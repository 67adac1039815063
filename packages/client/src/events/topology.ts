import type { Channel } from 'amqplib'

export interface Topology {
  readonly exchange: string
  readonly queue: string
  readonly deliveryLimit: number
}

const ROUTING_KEYS = ['readings.changed', 'user.erased']

/** Where messages go that could not be taken in after so many deliveries; a queue of the same name keeps them. */
export const deadLettersOf = (queue: string): string => `${queue}.dead`

/**
 * Declares everything that the consumer needs, over and over if need be: a quorum queue survives the loss of a node, hands a
 * message out a limited number of times, and keeps the order by feeding one consumer at a time.
 */
export async function declare(channel: Channel, { exchange, queue, deliveryLimit }: Topology): Promise<void> {
  const dead = deadLettersOf(queue)
  await channel.assertExchange(exchange, 'topic', { durable: true })
  await channel.assertExchange(dead, 'fanout', { durable: true })
  await channel.assertQueue(dead, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue(dead, dead, '')
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': dead,
      'x-single-active-consumer': true,
    },
  })
  for (const key of ROUTING_KEYS) await channel.bindQueue(queue, exchange, key)
}
