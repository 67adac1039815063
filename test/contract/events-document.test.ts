import { readFileSync } from 'node:fs'
import { EVENTS, type RoutingKey } from '@bg-ingest/domain'
import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { createEventCheck } from '../support/event-check.ts'

const root = new URL('../../', import.meta.url)
const document = JSON.parse(readFileSync(new URL('docs/asyncapi.json', root), 'utf8'))
const KEYS = Object.keys(EVENTS) as RoutingKey[]

describe('contract: docs/asyncapi.json', function () {
  this.timeout(60_000)

  it('passes Redocly without a warning', async () => {
    const { exitCode, output } = await runChild(
      ['test/node_modules/.bin/redocly', 'lint', '--format=stylish', 'docs/asyncapi.json'],
      {
        cwd: root.pathname,
        // It would ask a registry for a newer version of itself.
        env: { PATH: process.env.PATH, HOME: '/tmp', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
        output: 'keep',
        signal: new AbortController().signal,
      },
    )
    expect(exitCode, output).to.equal(0)
    expect(output)
      .to.include('is valid')
      .and.not.match(/warning/i)
  })

  it('has every event, on its routing key, with an example that all three judges take', () => {
    const check = createEventCheck()
    const messages = document.components.messages
    const channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }> = document.channels
    expect(Object.values(channels).map(({ address }) => address)).to.have.members(KEYS)
    for (const { address, messages: own } of Object.values(channels)) {
      const [reference] = Object.values(own)
      const message = messages[reference?.$ref.split('/').at(-1) ?? '']
      expect(message.name).to.equal(EVENTS[address as RoutingKey].type)
      const [example] = message.examples
      expect(check(address, example.payload)).to.deep.equal([])
      // Messages get new fields within a version, and nobody may refuse them.
      expect(check(address, { ...example.payload, data: { ...example.payload.data, more: 1 } })).to.have.length(1)
      for (const broken of [{ source: '' }, { subject: 'a b' }, { data: {} }, { id: 7 }])
        expect(check(address, { ...example.payload, ...broken }), JSON.stringify(broken)).to.not.deep.equal([])
    }
  })

  it('says the same as the schemas in docs/events', () => {
    for (const key of KEYS) {
      const schema = JSON.parse(readFileSync(new URL(`docs/events/${key}.v1.schema.json`, root), 'utf8'))
      const name = Object.keys(document.components.schemas).find(
        (one) => document.components.schemas[one].title === EVENTS[key].type,
      )
      const properties = JSON.stringify(schema.properties).replaceAll('#/$defs/', '#/components/schemas/')
      expect(JSON.stringify(document.components.schemas[name ?? ''].properties), key).to.equal(properties)
    }
  })
})
