import { readFileSync } from 'node:fs'
import { type AppNeeds, createRoutes, EXAMPLES } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { type Operation, readContract } from '../support/openapi-fuzz.ts'
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
    expect(
      operations.filter(({ path }) => path.startsWith('/api/')).map(({ operationId }) => operationId),
    ).to.have.members(routes.map(({ operationId }) => operationId))
    const everywhere = ['400', '401', '403', '406', '429', '431', '500', '503']
    for (const { responses, operationId, path } of operations)
      if (path.startsWith('/api/')) expect(Object.keys(responses), operationId).to.include.members(everywhere)
  })

  it('has what probes, browsers and people on their way to Dexcom ask for', () => {
    const { operations } = readContract()
    const others = operations.filter(({ path }) => !path.startsWith('/api/')).map(({ path }) => path)
    const service = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs']
    expect(others).to.have.members([...service, '/oauth/start/{ticket}', '/oauth/callback'])
  })

  it('says what a parameter is where it is not sent', () => {
    const { operations } = readContract()
    const defaults = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters.flatMap(({ name, schema }) =>
        'default' in schema ? [[`${operationId} ${name}`, schema.default] as const] : [],
      ),
    )
    expect(Object.fromEntries(defaults)).to.deep.equal({
      'getLatestReading unit': 'mg/dL',
      'listReadings limit': 288,
      'listReadings order': 'desc',
      'listReadings unit': 'mg/dL',
      'listChanges after': 0,
      'listChanges limit': 200,
      'deleteConnection erase': 'false',
    })
  })

  it('explains every code that it answers, the limits and who may call', () => {
    const { info } = JSON.parse(readFileSync(new URL('docs/openapi.json', root), 'utf8'))
    const { responses } = readContract().operations[0] ?? expect.fail()
    const problem = JSON.stringify(responses['400'])
    expect(problem).to.include('invalid_request')
    for (const code of ['unauthorized', 'no_readings', 'rate_limited', 'internal_error', 'method_not_allowed'])
      expect(info.description).to.include(`| \`${code}\` |`)
    expect(info.description).to.match(/# Authentication.*bg:any-user.*# Limits.*300 a minute.*Retry-After/s)
  })

  it('has an example for every answer that has a body', () => {
    const { operations, answerCheck } = readContract()
    for (const operation of operations)
      for (const { status, type, shown } of answersIn(operation)) {
        const where = `${operation.operationId} ${status} ${type}`
        expect(shown, where).to.not.deep.equal([])
        for (const value of shown) expect(answerCheck(operation, status, type)?.(value), where).to.equal(true)
      }
  })

  it('shows answers that its own schemas take', () => {
    for (const { responses } of routes)
      for (const schema of Object.values(responses)) {
        const id = String(schema.meta()?.['id'])
        expect(schema.safeParse(EXAMPLES[id]).error, id).to.equal(undefined)
      }
  })
})

/** Every kind of answer that has a body, with the examples of it. */
const answersIn = ({ responses }: Operation) =>
  Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, { example, examples = {} }]) => {
      const shown = example === undefined ? Object.values(examples).map(({ value }) => value) : [example]
      return { status, type, shown }
    }),
  )
