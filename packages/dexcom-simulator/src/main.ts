import { createVirtualClock } from './clock.ts'
import { HELP, readFlags } from './command-line.ts'
import { type SimulatorOptions, startSimulator } from './simulator.ts'
import { SANDBOX_USERS } from './users.ts'
import { readUsersFile } from './users-file.ts'

async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args)
  if (flags.help) {
    process.stdout.write(HELP)
    return
  }
  const clock = createVirtualClock({
    speed: flags.speed,
    ...(flags.start === undefined ? {} : { startMs: Date.parse(flags.start) }),
  })
  const options: SimulatorOptions = {
    port: flags.port,
    host: flags.host,
    users: flags.users === undefined ? SANDBOX_USERS : await readUsersFile(flags.users),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags['client-id'] === undefined ? {} : { clientId: flags['client-id'] }),
    ...(flags['client-secret'] === undefined ? {} : { clientSecret: flags['client-secret'] }),
    redirectUris: flags['redirect-uri'],
    clock,
    accessTokenSeconds: flags['access-token-seconds'],
    vendorDelaySeconds: flags['vendor-delay'],
    latencyMs: flags.latency,
    refreshReuse: flags['strict-family'] ? 'strict-family' : 'reject-only',
  }
  const simulator = await startSimulator(options)
  process.stdout.write(`Dexcom simulator listening at ${simulator.baseUrl}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.stop())
}

main(process.argv.slice(2)).catch((err: unknown) => {
  process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`)
  process.exitCode = 1
})
