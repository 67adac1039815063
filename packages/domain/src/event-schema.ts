import * as z from 'zod'
import { EVENTS, type RoutingKey } from './events.ts'
import { Instant } from './instant.ts'
import { UserId } from './user-id.ts'

/** The whole message of an event, envelope and data, as it goes over the wire. */
export const eventSchema = <K extends RoutingKey>(routingKey: K) =>
  z
    .strictObject({
      specversion: z.literal('1.0'),
      id: z.string().min(1).meta({ description: 'The same for every copy of this event, whenever it is told' }),
      source: z.literal('/bg-ingest'),
      type: z.literal(EVENTS[routingKey].type),
      subject: UserId.meta({ description: 'The person' }),
      time: Instant.meta({ description: 'When it happened, not when it was sent', format: 'date-time' }),
      datacontenttype: z.literal('application/json'),
      data: EVENTS[routingKey].data,
    })
    .meta({ title: EVENTS[routingKey].type, description: EVENTS[routingKey].description })
