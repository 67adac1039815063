import { AwsJson1_0Protocol } from '@aws-sdk/core/protocols'

type Settings = ConstructorParameters<typeof AwsJson1_0Protocol>[0]

/**
 * DynamoDB's protocol with JSON.stringify and JSON.parse for what an item is made of. The SDK's own serializer (3.1164)
 * writes each character from JavaScript, 25 % of the CPU of an import, and its deserializer walks every answer by the
 * schema. Both are for shapes that our tables have not: no binary values, and no times but those of table descriptions.
 */
export class PlainJsonProtocol extends AwsJson1_0Protocol {
  constructor(settings: Settings) {
    super(settings)
    this.serializer = new PlainSerializer()
    this.deserializer = plainDeserializer
  }
}

class PlainSerializer {
  #text = ''

  write(_schema: unknown, value: unknown): void {
    this.#text = JSON.stringify(value)
  }

  flush(): string {
    return this.#text
  }

  setSerdeContext(): void {
    // Nothing here is written in more than one way.
  }
}

const plainDeserializer = {
  async read(_schema: unknown, data: unknown): Promise<unknown> {
    return JSON.parse(typeof data === 'string' ? data : Buffer.from(data as Uint8Array).toString())
  },
  readObject: (_schema: unknown, data: unknown): unknown => data,
  setSerdeContext: () => undefined,
}
