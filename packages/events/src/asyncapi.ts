import { EVENTS, type RoutingKey } from '@bg-ingest/domain'
import { exampleOf } from './event-examples.ts'
import { eventJsonSchema, type JsonSchema } from './event-json-schema.ts'
import { CONTENT_TYPE, EXCHANGE } from './wire.ts'

const AMQP_BINDINGS = '0.3.0'
const PERSISTENT = 2
const ROUTING_KEYS = Object.keys(EVENTS) as RoutingKey[]

/** `readings.changed` -> `readingsChanged` */
const nameOf = (routingKey: RoutingKey): string =>
  routingKey.replace(/[._]([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The AsyncAPI 3 document of everything that this service publishes. */
export function asyncApiDocument(): JsonSchema {
  const schemas = ROUTING_KEYS.map((routingKey) => hoisted(routingKey))
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'BG Ingest events',
      version: '1.0.0',
      description:
        'Changes of blood-glucose readings and connections, at least once and in order per person. This is no alarm system: events come as late as the data of Dexcom does, an hour or three. The rule of ranges and a consumer are in docs/events.md.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    defaultContentType: CONTENT_TYPE,
    servers: {
      rabbitmq: {
        host: 'localhost:5672',
        protocol: 'amqp',
        protocolVersion: '0-9-1',
        description: 'RabbitMQ, as RABBITMQ_URL says',
        security: [{ $ref: '#/components/securitySchemes/user' }],
      },
    },
    channels: Object.fromEntries(ROUTING_KEYS.map((routingKey) => [nameOf(routingKey), channelOf(routingKey)])),
    operations: Object.fromEntries(
      ROUTING_KEYS.map((routingKey) => [`publish${upper(nameOf(routingKey))}`, operationOf(routingKey)]),
    ),
    components: {
      messages: Object.fromEntries(ROUTING_KEYS.map((routingKey) => [nameOf(routingKey), messageOf(routingKey)])),
      schemas: Object.assign({}, ...schemas),
      securitySchemes: {
        user: { type: 'userPassword', description: 'A user of the broker who may read the exchange' },
      },
    },
  }
}

const upper = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const channelOf = (routingKey: RoutingKey): JsonSchema => ({
  address: routingKey,
  description: EVENTS[routingKey].description,
  servers: [{ $ref: '#/servers/rabbitmq' }],
  messages: { [nameOf(routingKey)]: { $ref: `#/components/messages/${nameOf(routingKey)}` } },
  bindings: {
    amqp: {
      is: 'routingKey',
      exchange: { name: EXCHANGE, type: 'topic', durable: true, autoDelete: false, vhost: '/' },
      bindingVersion: AMQP_BINDINGS,
    },
  },
})

const operationOf = (routingKey: RoutingKey): JsonSchema => ({
  action: 'send',
  channel: { $ref: `#/channels/${nameOf(routingKey)}` },
  summary: EVENTS[routingKey].description,
  security: [{ $ref: '#/components/securitySchemes/user' }],
  messages: [{ $ref: `#/channels/${nameOf(routingKey)}/messages/${nameOf(routingKey)}` }],
  bindings: { amqp: { deliveryMode: PERSISTENT, mandatory: true, bindingVersion: AMQP_BINDINGS } },
})

const messageOf = (routingKey: RoutingKey): JsonSchema => ({
  name: EVENTS[routingKey].type,
  title: routingKey,
  summary: EVENTS[routingKey].description,
  contentType: CONTENT_TYPE,
  payload: { $ref: `#/components/schemas/${upper(nameOf(routingKey))}Event` },
  bindings: { amqp: { messageType: EVENTS[routingKey].type, bindingVersion: AMQP_BINDINGS } },
  examples: [{ name: 'example', payload: exampleOf(routingKey) }],
})

/** The schema of a message among the others of the document, with what it refers to beside it. */
function hoisted(routingKey: RoutingKey): JsonSchema {
  const { $schema: _, $id: __, $defs = {}, ...schema } = eventJsonSchema(routingKey)
  const all = { ...($defs as object), [`${upper(nameOf(routingKey))}Event`]: schema }
  const moved: JsonSchema = JSON.parse(JSON.stringify(all).replaceAll('"#/$defs/', '"#/components/schemas/'))
  return Object.fromEntries(Object.entries(moved).map(([name, part]) => [name, withoutId(part)]))
}

/** zod repeats the name of a part in it, where AsyncAPI would take it for an address. */
function withoutId(schema: unknown): unknown {
  const { id: _, ...rest } = schema as Record<string, unknown>
  return rest
}
