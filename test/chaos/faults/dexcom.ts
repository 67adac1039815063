import { setTimeout as delay } from 'node:timers/promises'
import type { FaultRule } from '@bg-ingest/dexcom-simulator'
import type { Fault } from '../fault.ts'

const HELD_MS = 8_000

/** Rules of the simulator that hold for a while. */
const faulty = (id: string, about: string, scene: string, ...rules: readonly FaultRule[]): Fault => ({
  id,
  phase: 'dexcom',
  about,
  scene,
  random: true,
  async play({ system: { simulator } }) {
    for (const rule of rules) simulator.faults.add(rule)
    await delay(HELD_MS)
    simulator.faults.clear()
  },
})

const status = (code: number, probability: number): FaultRule => ({
  endpoint: 'any',
  probability,
  action: { kind: 'status', status: code, contentType: 'text/html', body: '<html>sorry</html>' },
})

export const dexcom: readonly Fault[] = [
  faulty('F3', '429 with Retry-After: 2 on three calls', 'limits', {
    endpoint: 'egvs',
    count: 3,
    action: { kind: 'status', status: 429, retryAfter: 2 },
  }),
  faulty(
    'F4',
    'a fifth of all calls answers 500, 502 or 503 with HTML',
    'errors',
    status(500, 0.07),
    status(502, 0.07),
    status(503, 0.07),
  ),
  faulty(
    'F6',
    'pages end early, or the connection breaks in the middle',
    'broken pages',
    { endpoint: 'egvs', probability: 0.1, action: { kind: 'truncated', share: 0.5 } },
    { endpoint: 'egvs', probability: 0.1, action: { kind: 'reset', when: 'mid-body' } },
  ),
  faulty(
    'F7',
    '200 with {}, null, a text or the records missing',
    'broken pages',
    { endpoint: 'egvs', count: 2, action: { kind: 'body', body: 'empty-object', depth: 1 } },
    { endpoint: 'egvs', count: 2, action: { kind: 'body', body: 'null', depth: 1 } },
    { endpoint: 'egvs', count: 2, action: { kind: 'body', body: 'string', depth: 1 } },
    { endpoint: 'egvs', count: 2, action: { kind: 'body', body: 'records-missing', depth: 1 } },
  ),
]
