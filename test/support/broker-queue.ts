import { randomUUID } from 'node:crypto'
import type { ChannelModel, ConsumeMessage } from 'amqplib'

/** A durable queue of the test's own that wants everything of an exchange. */
export async function brokerQueue(model: ChannelModel, exchange: string, args: Record<string, unknown> = {}) {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  const queue = `q.${randomUUID()}`
  await channel.assertQueue(queue, { durable: true, arguments: args })
  await channel.bindQueue(queue, exchange, '#')
  return {
    channel,
    queue,
    /** Everything that arrives from now on, oldest first. */
    async consumed(): Promise<readonly ConsumeMessage[]> {
      const messages: ConsumeMessage[] = []
      await channel.consume(queue, (message) => message && messages.push(message), { noAck: true })
      return messages
    },
  }
}
