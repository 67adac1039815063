import * as z from 'zod'
import { createVirtualClock } from './clock.ts'
import type { Flags } from './command-line.ts'
import { readJsonFile } from './json-file.ts'
import { PushOptions } from './push/push-options.ts'
import { RegionOptions } from './regions/region-options.ts'
import { listScenarios, loadScenario } from './scenarios/load-scenario.ts'
import { scenarioIntroduction } from './scenarios/scenario-introduction.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts'
import { SANDBOX_USERS } from './users.ts'
import { readUsersFile } from './users-file.ts'

/** Starts the simulator that the command line asks for, and says where it is. */
export async function runProgram(flags: Flags, say: (line: string) => void): Promise<Simulator> {
  if (flags.scenario !== undefined) return runScenario(flags.scenario, flags, say)
  const simulator = await startSimulator({ ...commonOptions(flags), ...(await freeOptions(flags)) })
  for (const { name, baseUrl } of [...simulator.regions.values()].slice(1)) say(`Region ${name} at ${baseUrl}`)
  say(`Dexcom simulator listening at ${simulator.baseUrl}`)
  return simulator
}

async function runScenario(name: string, flags: Flags, say: (line: string) => void): Promise<Simulator> {
  const scenario = await loadScenario(name)
  const { startMs } = scenario
  const speed = flags.speed ?? scenario.speed
  const clock = createVirtualClock({ startMs, speed })
  const push = await pushOptions(flags)
  const simulator = await startSimulator({ ...commonOptions(flags), ...push, clock, scenario, onProgress: say })
  for (const line of scenarioIntroduction({ ...scenario, speed }, simulator)) say(line)
  // A step that cannot happen ends the program with its reason.
  void simulator.scenarioEnd.then(() => say('All steps have happened; Ctrl-C ends it.'))
  return simulator
}

/** The scenarios by number, a line each. */
export const scenarioList = async (): Promise<string[]> =>
  (await listScenarios()).map(
    ({ number, name, rehearses }) => `S${String(number).padStart(2, '0')}  ${name.padEnd(NAME_COLUMN)}  ${rehearses}`,
  )

const NAME_COLUMN = 24

const commonOptions = (flags: Flags): SimulatorOptions => ({
  port: flags.port,
  host: flags.host,
  redirectUris: flags['redirect-uri'],
  ...(flags['client-id'] === undefined ? {} : { clientId: flags['client-id'] }),
  ...(flags['client-secret'] === undefined ? {} : { clientSecret: flags['client-secret'] }),
  accessTokenSeconds: flags['access-token-seconds'],
  vendorDelaySeconds: flags['vendor-delay'],
  latencyMs: flags.latency,
})

const pushOptions = async ({ push }: Flags): Promise<SimulatorOptions> =>
  push === undefined ? {} : { push: await readJsonFile(push, PushOptions) }

async function freeOptions(flags: Flags): Promise<SimulatorOptions> {
  const { start, speed = 1, grace, limit, users, seed, regions } = flags
  const clock = createVirtualClock({ speed, ...(start === undefined ? {} : { startMs: Date.parse(start) }) })
  return {
    clock,
    users: users === undefined ? SANDBOX_USERS : await readUsersFile(users),
    ...(seed === undefined ? {} : { seed }),
    refreshReuse: flags['strict-family'] ? 'strict-family' : grace === undefined ? 'reject-only' : 'grace-window',
    ...(grace === undefined ? {} : { graceSeconds: grace }),
    ...(limit === undefined ? {} : { limits: { calls: limit } }),
    ...(await pushOptions(flags)),
    ...(regions === undefined ? {} : { regions: await readJsonFile(regions, z.array(RegionOptions)) }),
  }
}
