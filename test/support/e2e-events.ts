import type { PublicReading } from '@bg-ingest/domain'
import { connect } from 'amqplib'
import { fromRunner } from './e2e-system.ts'
import { createEventCheck } from './event-check.ts'

export interface HeardEvent {
  readonly routingKey: string
  readonly messageId: unknown
  readonly contentType: unknown
  readonly persistent: boolean
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire, whatever it is
  readonly event: any
}

export interface Listener {
  /** Everything told about a person so far, in the order in which it came. Throws where any event was not as published. */
  about(userId: string): readonly HeardEvent[]
  close(): Promise<void>
}

const PERSISTENT = 2

/** Hears everything that the service tells the world from now on, over a queue of its own that goes with it. */
export async function listen(url = fromRunner('RABBITMQ_URL')): Promise<Listener> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  // As contract 5 has it; whoever declares it first, the other finds it the same.
  await channel.assertExchange('bg.events', 'topic', { durable: true })
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'bg.events', '#')
  const heard: HeardEvent[] = []
  const check = createEventCheck()
  const faults: string[] = []
  const expectSound = () => {
    if (faults.length > 0) throw new Error(`events not as they are published:\n${faults.slice(0, 5).join('\n')}`)
  }
  await channel.consume(
    queue,
    (message) => {
      if (!message) return
      const { messageId, contentType, deliveryMode } = message.properties
      const { routingKey } = message.fields
      const event = JSON.parse(message.content.toString())
      faults.push(...check(routingKey, event))
      if (messageId !== event.id) faults.push(`${routingKey}: its message_id is not its id`)
      heard.push({
        routingKey,
        messageId,
        contentType,
        persistent: deliveryMode === PERSISTENT,
        event,
      })
    },
    { noAck: true },
  )
  return {
    about(userId) {
      expectSound()
      return heard.filter(({ event }) => event.subject === userId)
    },
    async close() {
      await connection.close()
      expectSound()
    },
  }
}

export interface Heard {
  /** The last word on each reading. */
  readonly readings: ReadonlyMap<string, PublicReading>
  readonly kinds: ReadonlySet<string>
  readonly through: number
}

/**
 * A consumer as the contract describes it: drops ranges that it has seen, and insists that the next one adjoins. Throws
 * where a range is missing, or where one id stands for two different ranges.
 */
export function consume(events: readonly HeardEvent[]): Heard {
  const readings = new Map<string, PublicReading>()
  const kinds = new Set<string>()
  const ranges = new Map<unknown, string>()
  let through = 0
  for (const { routingKey, messageId, event } of events) {
    if (routingKey !== 'readings.changed') continue
    const { fromSequence, toSequence, changes } = event.data
    const range = `${fromSequence}-${toSequence}`
    if ((ranges.get(messageId) ?? range) !== range) throw new Error(`one id for two ranges: ${range}`)
    ranges.set(messageId, range)
    if (toSequence <= through) continue
    if (fromSequence !== through + 1) throw new Error(`range ${range} does not adjoin ${through}`)
    for (const { kind, reading } of changes) {
      kinds.add(kind)
      readings.set(reading.id, reading)
    }
    through = toSequence
  }
  return { readings, kinds, through }
}
