import { HELP, readFlags } from './command-line.ts'
import { runProgram, scenarioList } from './run-program.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args)
  if (flags.help) return void process.stdout.write(HELP)
  if (flags.list) return (await scenarioList()).forEach(say)
  const stopping = new AbortController()
  // Before anything is said: whoever reads where it listens may end it at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const simulator = await runProgram(flags, say)
  if (stopping.signal.aborted) return simulator.stop()
  stopping.signal.addEventListener('abort', () => void simulator.stop())
}

main(process.argv.slice(2)).catch((err: unknown) => {
  process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`)
  process.exitCode = 1
})
