/**
 * `node --conditions=source test/bench/dashboard-pictures.ts [minutes]`: runs the real build against real backends and the
 * simulator, watched by a real Prometheus, and writes docs/operations/dashboards/*.png. Needs `pnpm build` before.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { startLocalStack } from '@bg-ingest/local-stack'
import { liveConfig } from '../support/dashboards.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { type System, startSystem } from '../support/e2e-system.ts'
import { paintDashboards } from '../support/paint-dashboards.ts'
import { startPrometheus } from '../support/prometheus.ts'

const FOLDER = join(import.meta.dirname, '../../docs/operations/dashboards')
const PROFILES = ['quiet', 'lively', 'gappy'] as const
const PEOPLE = 12
const WORKERS = 2
/** An hour of life in a minute, so that a few minutes show a working day. */
const SPEED = 60
const minutes = Number(process.argv[2] ?? 10)
const say = (line: string) => console.log(line)

async function live(system: System, seconds: number): Promise<void> {
  const names = Array.from({ length: PEOPLE }, (_, i) => `person-${i}`)
  const people = []
  for (const name of names) people.push(await system.connect(name, name))
  const notify = webhookSender(system.apiUrl, system.variables)
  const ends = performance.now() + seconds * 1000
  for (let turn = 0; performance.now() < ends; turn += 1) {
    const person = people[turn % PEOPLE]
    await person?.call('GET', turn % 3 === 0 ? '' : '/latest')
    if (turn % 10 === 0) await person?.call('GET', '/changes?after=0')
    if (turn % 25 === 0) await notify(person?.userId ?? '', { type: 'data.available' })
    if (turn % 60 === 0) await person?.call('POST', '/sync')
    if (turn % 90 === 0) await notify(person?.userId ?? '', { type: 'data.available' }, { ahead: 900 })
    await delay(150)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'bg-pictures-'))
const signal = AbortSignal.timeout(minutes * 60_000 + 300_000)
const stack = await startLocalStack({ env: process.env, say, signal, requireReal: true })
Object.assign(process.env, stack.env)
try {
  const system = await startSystem({
    workers: WORKERS,
    variables: { POLL_INTERVAL_SECONDS: '15' },
    simulator: {
      clock: createVirtualClock({ speed: SPEED }),
      users: Array.from({ length: PEOPLE }, (_, i) => ({
        name: `person-${i}`,
        kind: 'generated' as const,
        profile: PROFILES[i % PROFILES.length] ?? 'quiet',
        historyDays: 3,
      })),
    },
  })
  const [first, ...more] = system.workers
  const config = JSON.parse(liveConfig({ 'bg-ingest-api': system.apiUrl, 'bg-ingest-worker': first?.url ?? '' }))
  config.scrape_configs[1].static_configs[0].targets.push(...more.map(({ url }) => new URL(url).host))
  const prometheus = await startPrometheus({ dir: join(folder, 'prometheus'), config: JSON.stringify(config) })
  try {
    await live(system, minutes * 60)
    await paintDashboards(prometheus, FOLDER, { seconds: minutes * 60, step: Math.max(2, minutes / 2) })
    say(`written to ${FOLDER}`)
  } finally {
    await prometheus.stop()
    await system.stop()
  }
} finally {
  await stack.stop()
  await rm(folder, { recursive: true, force: true })
}
