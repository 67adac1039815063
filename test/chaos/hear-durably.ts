import { connect } from 'amqplib'
import type { HeardEvent, Listener } from '../support/e2e-events.ts'

const AGAIN_MS = 500
const PERSISTENT = 2
/** Where a run hears everything. */
export const OBSERVER = { queue: 'chaos-observer', exchange: 'bg.events', pattern: '#' } as const

/** Hears all events over a durable queue, also of a broker that dies and comes back at the same address. */
export async function hearDurably(url: string): Promise<Listener> {
  const heard: HeardEvent[] = []
  let closed = false
  let close: () => Promise<void> = async () => undefined

  const open = async () => {
    const connection = await connect(url)
    connection.on('error', () => undefined)
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    await channel.assertExchange(OBSERVER.exchange, 'topic', { durable: true })
    await channel.assertQueue(OBSERVER.queue, { durable: true })
    await channel.bindQueue(OBSERVER.queue, OBSERVER.exchange, OBSERVER.pattern)
    await channel.consume(OBSERVER.queue, (message) => {
      if (message === null) return
      const { messageId, contentType, deliveryMode } = message.properties
      const event = JSON.parse(message.content.toString())
      const { routingKey } = message.fields
      heard.push({ routingKey, messageId, contentType, persistent: deliveryMode === PERSISTENT, event })
      channel.ack(message)
    })
    connection.on('close', () => void comeBack())
    close = () => connection.close()
  }
  const comeBack = async (): Promise<void> => {
    if (closed) return
    await open().catch(() => {
      // Looks again for as long as the broker is away: that is what a run is about.
      setTimeout(() => void comeBack(), AGAIN_MS).unref()
    })
  }
  await open()
  return {
    about: (userId) => heard.filter(({ event }) => event.subject === userId),
    async close() {
      closed = true
      await close().catch(() => undefined)
    },
  }
}
