import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { aStoredReading } from '../support/build.ts'
import { readContract } from '../support/openapi-fuzz.ts'
import { startSpoilingProxy } from '../support/spoiling-proxy.ts'
import { ALICE, anApi, aSync, type TestApi } from '../unit/api/an-api.ts'

const root = new URL('../../', import.meta.url)

describe('contract: docs/journey.arazzo.yaml', function () {
  this.timeout(120_000)
  let api: TestApi
  before(async () => {
    api = await anApi()
    api.behind.readings = Array.from({ length: 12 }, () => aStoredReading({ userId: ALICE }))
    api.behind.syncs.set('job_0', aSync({ status: 'active' }))
    api.behind.outcome = aSync({ status: 'completed' })
  })
  after(() => api.close())

  const respect = async (port: number) => {
    const inputs = { userId: 'alice', token: await api.token('alice') }
    return runChild(
      [
        'test/node_modules/.bin/redocly',
        'respect',
        'docs/journey.arazzo.yaml',
        `--server=api=http://127.0.0.1:${port}`,
        `--input=${JSON.stringify(inputs)}`,
        '--verbose',
      ],
      {
        cwd: root.pathname,
        // It would ask a registry for a newer version of itself.
        env: { PATH: process.env.PATH, HOME: '/tmp', REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
        output: 'keep',
        signal: new AbortController().signal,
      },
    )
  }

  it('is what the API does, by Redocly respect', async () => {
    const { exitCode, output } = await respect(api.port)
    expect(exitCode, output).to.equal(0)
    for (const { operationId } of readContract().operations.filter(({ path }) => path.startsWith('/api/')))
      if (operationId !== 'receiveWebhook') expect(output, operationId).to.include(operationId)
  })

  it('is red for an answer that is not', async () => {
    const proxy = await startSpoilingProxy(api.port, (path, { status, text }) =>
      path.includes('/changes') ? { status, text: text.replace(/"latestSequence":\d+,/, '') } : null,
    )
    try {
      const { exitCode, output } = await respect(proxy.port)
      expect(exitCode).to.not.equal(0)
      expect(output).to.match(/latestSequence/)
    } finally {
      await proxy.close()
    }
  })
})
