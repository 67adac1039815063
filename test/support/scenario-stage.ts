import { createVirtualClock, loadScenario, type Simulator, startSimulator } from '@bg-ingest/dexcom-simulator'
import { DAY_MS } from '@bg-ingest/domain'
import { startPushReceiver } from './push-receiver.ts'
import { visitor } from './simulator-visitor.ts'
import { until } from './until.ts'

/** Where scenarios that start "now" start in tests. */
const NOW_MS = Date.UTC(2026, 10, 20, 12)

export interface WireEgv {
  readonly recordId: string
  readonly systemTime: string
  readonly displayTime: string
  readonly value: number | null
  readonly trend?: string | null
  readonly unit?: string
  readonly displayDevice: string
}

/** A scenario under a clock that stands still unless moved, a client of its simulator, and somebody who takes pushes. */
export async function openStage(name: string, { atNow = true, pushes = false } = {}) {
  const scenario = await loadScenario(name, atNow ? { startMs: NOW_MS } : {})
  const time = { ms: 0 }
  const lines: string[] = []
  const clock = createVirtualClock({ startMs: scenario.startMs, speed: 0 })
  const receiver = await startPushReceiver()
  const simulator = await startSimulator({
    scenario,
    clock,
    monotonicMs: () => time.ms,
    onProgress: (line) => lines.push(line),
    push: pushes ? { url: `${receiver.url}/{user}`, retriesMs: [] } : null,
  })
  const at = visitor(simulator)
  const sinceStart = () => clock.now() - scenario.startMs

  return {
    scenario,
    simulator,
    at,
    receiver,
    lines,
    /** Lets virtual time go on to so long after the start, and real time as well where that is asked for. */
    go: (ms: number) => clock.advance(ms - sinceStart()),
    goReal: (seconds: number) => {
      time.ms = seconds * 1000
      clock.advance(1)
    },
    /** Everything that /egvs shows of the last days, as it shows it. */
    egvs: async (token: string, days = 1) => {
      const nowMs = clock.now()
      const page = await at.page('egvs', token, nowMs - days * DAY_MS, nowMs)
      return page.records as WireEgv[]
    },
    truth: async (user: string): Promise<readonly { systemTime: string; value: number | null; type: string }[]> =>
      (await at.sim('GET', `truth?user=${user}`)).body.readings,
    stop: async () => {
      await simulator.stop()
      await receiver.stop()
    },
  }
}
export type Stage = Awaited<ReturnType<typeof openStage>>

/** Lets the rest of the story happen, a step of either clock at a time. */
export async function playToTheEnd({ scenario, simulator, go, goReal, lines }: Stage): Promise<void> {
  const { steps } = scenario
  for (const { after } of steps.filter((step) => step.clock === 'virtual')) go(Math.max(after, 1))
  for (const { after } of steps.filter((step) => step.clock === 'real')) goReal(after / 1000 + 0.001)
  await simulator.scenarioEnd
  await until('every step has said its line', () => lines.length === steps.length)
}

export const simulatorIn = (simulator: Simulator, region: string, clientId: string, clientSecret: string) =>
  visitor({ baseUrl: simulator.regions.get(region)?.baseUrl ?? '', clientId, clientSecret })
