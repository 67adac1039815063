import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { until } from '../support/until.ts'
import { type Answer, type Ask, send } from '../unit/api/http-call.ts'

const CALLS: Readonly<Record<string, readonly [path: string, ask?: Ask]>> = {
  write: ['/api/bg/alice/sync', { method: 'POST' }],
  large: ['/api/bg/alice?limit=1000'],
  page: ['/api/bg/alice'],
  latest: ['/api/bg/alice/latest'],
  probe: ['/healthz', { token: null }],
}

describe('api: an event loop that is blocked', function () {
  this.timeout(40_000)
  let child: ChildProcess
  let ask: (name: string) => Promise<Answer>

  before(async () => {
    child = fork(new URL('../support/blocked-api.ts', import.meta.url), { execArgv: ['--conditions=source'] })
    const [{ port, token }] = (await once(child, 'message')) as [{ port: number; token: string }]
    ask = (name) => {
      const [path = '', over = {}] = CALLS[name] ?? []
      return send(port, path, { token, ...over })
    }
  })
  after(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  /** Who is turned away, in order of the list above. */
  const turnedAway = async () => {
    const names = Object.keys(CALLS)
    const answers = await Promise.all(names.map(ask))
    for (const { status, json, headers } of answers)
      if (status === 503) expect([json['code'], headers['retry-after']]).to.deep.equal(['service_unavailable', '2'])
    return names.filter((_, n) => answers[n]?.status === 503).join()
  }

  it('turns writes and large ranges away first, latest next to last, probes never; and serves all again', async () => {
    expect(await turnedAway()).to.equal('')
    const steps = { 200: 'write,large', 550: 'write,large,page', 1300: 'write,large,page,latest' }
    for (const [turnMs, away] of Object.entries(steps)) {
      child.send(Number(turnMs))
      await until(`turns of ${turnMs} ms turn away ${away}`, async () => (await turnedAway()) === away, 12_000)
    }
    child.send(0)
    await until('the block is over', async () => (await ask('probe')).status === 200)
    await until('everything is served again', async () => (await turnedAway()) === '', 2_000)
  })
})
