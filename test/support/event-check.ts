import { readFileSync } from 'node:fs'
import { EVENTS, eventSchema, type RoutingKey } from '@bg-ingest/domain'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { CloudEvent } from 'cloudevents'

const docs = new URL('../../docs/', import.meta.url)

/** Judges messages by the three who know what they should be: CloudEvents itself, our schemas, and the published ones. */
export function createEventCheck(): (routingKey: string, body: unknown) => readonly string[] {
  const ajv = new Ajv2020({ strict: true, allErrors: true })
  addFormats.default(ajv)
  const published = new Map<string, ValidateFunction>()
  const validatorOf = (routingKey: RoutingKey) => {
    const known = published.get(routingKey)
    if (known) return known
    const text = readFileSync(new URL(`events/${routingKey}.v1.schema.json`, docs), 'utf8')
    const validate = ajv.compile(JSON.parse(text))
    published.set(routingKey, validate)
    return validate
  }
  return (routingKey, body) => {
    if (!isRoutingKey(routingKey)) return [`nobody has heard of the routing key ${routingKey}`]
    const validate = validatorOf(routingKey)
    return [
      ...cloudEventFaults(body),
      ...(validate(body) ? [] : [`${routingKey}: ${ajv.errorsText(validate.errors)}`]),
      ...(eventSchema(routingKey).safeParse(body).error?.issues ?? []).map(
        ({ message }) => `${routingKey}: ${message}`,
      ),
    ]
  }
}

const isRoutingKey = (text: string): text is RoutingKey => Object.hasOwn(EVENTS, text)

function cloudEventFaults(body: unknown): readonly string[] {
  try {
    new CloudEvent(body as ConstructorParameters<typeof CloudEvent>[0], true)
    return []
  } catch (err) {
    return [`no CloudEvent: ${err instanceof Error ? err.message : String(err)}`]
  }
}
