import { execFileSync } from 'node:child_process'
import { banner } from '@bg-ingest/demo'
import { expect } from 'chai'

const demo: Parameters<typeof banner>[0]['demo'] = {
  apiUrl: 'http://127.0.0.1:5001',
  simulatorUrl: 'http://127.0.0.1:6001',
  operatorPassword: 'c4n4ry-password',
  environmentFile: '/tmp/bg-ingest-demo-x/worker.env',
  logFolder: '/tmp/bg-ingest-demo-x',
  token: async () => 'unused',
  stop: async () => undefined,
}
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln-_'
const text = banner({ demo, userId: 'alice', token: TOKEN, seconds: 34 })

/** The words that a shell makes of a line: what curl would get. */
const words = (line: string) =>
  execFileSync('/bin/sh', ['-c', `curl() { for word; do printf '%s\\n' "$word"; done; }\n${line}`], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')

describe('demo: banner', () => {
  it('has three curl lines that work as they stand', () => {
    const lines = text.split('\n').filter((line) => line.trim().startsWith('curl '))
    const auth = ['-H', `Authorization: Bearer ${TOKEN}`]
    expect(lines.map(words)).to.deep.equal([
      ['-s', ...auth, 'http://127.0.0.1:5001/api/bg/alice/latest'],
      ['-s', ...auth, 'http://127.0.0.1:5001/api/bg/alice?unit=mmol/L'],
      ['-s', '-X', 'POST', '-H', 'Prefer: wait=10', ...auth, 'http://127.0.0.1:5001/api/bg/alice/sync'],
    ])
  })

  it('says first of all that this is no alarm system, and how long it took', () => {
    expect(text.trim().split('\n')[0]).to.equal(
      'Ready after 34 s. BG Ingest is no alarm system: never use it to decide on treatment.',
    )
  })

  it('names the addresses, the logs and how to start another worker; no secret but the token', () => {
    for (const part of [
      'http://127.0.0.1:6001/__sim/manners',
      '/tmp/bg-ingest-demo-x/*/log',
      '. /tmp/bg-ingest-demo-x/worker.env && ',
    ])
      expect(text).to.include(part)
    expect(text).not.to.include('c4n4ry')
  })

  it('names no simulator where there is none', () => {
    const real = banner({ demo: { ...demo, simulatorUrl: undefined }, userId: 'demo', token: TOKEN, seconds: 1 })
    expect(real).not.to.match(/simulator|undefined/i)
  })
})
