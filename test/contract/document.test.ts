import { readFileSync } from 'node:fs'
import { type AppNeeds, createRoutes, EXAMPLES } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { readContract } from '../support/openapi-fuzz.ts'
import { anApi } from '../unit/api/an-api.ts'

const root = new URL('../../', import.meta.url)
const unused = {
  config: { dexcom: { regions: [], redirectUri: '' }, returnTo: { origins: [] } },
} as unknown as AppNeeds
const routes = createRoutes(unused).map(({ spec }) => spec)

describe('contract: docs/openapi.json', function () {
  this.timeout(60_000)

  it('passes Redocly without a warning', async () => {
    const { exitCode, output } = await runChild(
      ['test/node_modules/.bin/redocly', 'lint', '--format=stylish', 'docs/openapi.json'],
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

  it('is what the API serves', async () => {
    const api = await anApi()
    try {
      const { status, text } = await api.ask('/openapi.json', { token: null })
      expect(status).to.equal(200)
      const written = JSON.parse(readFileSync(new URL('docs/openapi.json', root), 'utf8'))
      expect(JSON.parse(text)).to.deep.equal(written)
    } finally {
      await api.close()
    }
  })

  it('has every operation, with who may call it and an answer for every code it may come to', () => {
    const { operations } = readContract()
    expect(operations.map(({ operationId }) => operationId)).to.have.members(
      routes.map(({ operationId }) => operationId),
    )
    for (const { responses, operationId } of operations)
      expect(Object.keys(responses), operationId).to.include.members(['400', '401', '403', '406', '429', '500', '503'])
  })

  it('shows answers that its own schemas take', () => {
    for (const { responses } of routes)
      for (const schema of Object.values(responses)) {
        const id = String(schema.meta()?.['id'])
        expect(schema.safeParse(EXAMPLES[id]).error, id).to.equal(undefined)
      }
  })
})
