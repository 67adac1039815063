import { eventSchema, type RoutingKey } from '@bg-ingest/domain'
import * as z from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>>

/** Where a schema lies below docs/. */
export const schemaPath = (routingKey: RoutingKey): string => `events/${routingKey}.v1.schema.json`

/**
 * The JSON Schema of a message. Objects may have further fields, in spite of the strict zod schemas behind them: messages
 * get new ones within a version, and consumers must not refuse them.
 */
export function eventJsonSchema(routingKey: RoutingKey): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(eventSchema(routingKey), {
    // Instants are read into a branded text; over the wire they are the text itself.
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties
    },
  })
  return { $schema, $id: `urn:bg-ingest:event:${routingKey}:v1`, ...schema }
}
