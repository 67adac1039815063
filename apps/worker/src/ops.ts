import { ConfigError, loadWorkerConfig } from '@bg-ingest/config'
import { AppError } from '@bg-ingest/domain'
import { failureLine } from '@bg-ingest/process'
import { completeKeys } from './complete-keys.ts'
import { createWorkerContext } from './context.ts'
import { programs, runProgram } from './ops/programs.ts'
import { helpOf, overview, readInvocation, runCommand } from './ops/run-command.ts'
import { UsageError } from './usage-error.ts'

const INCOMPLETE = 1
const COULD_NOT_BEGIN = 2

const isInteractive = process.stderr.isTTY
/** On a terminal one line that is written over; elsewhere nothing, so that a pipe holds the result alone. */
const progress = (line: string) => void (isInteractive && process.stderr.write(`\r${line}\u001b[K`))

async function run([name, ...given]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(overview())
    return name === undefined ? COULD_NOT_BEGIN : 0
  }
  const program = programs.find((known) => known.name === name)
  if (program) return runProgram(program, given, import.meta.filename, console.error)
  const invocation = readInvocation(name, given)
  if (invocation.help) {
    console.log(helpOf(invocation.command))
    return 0
  }
  const config = await completeKeys(loadWorkerConfig(process.env))
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
  // Lines of the log go to stderr: stdout is the result's alone.
  const write = (line: string) => void process.stderr.write(line)
  await using context = await createWorkerContext(config, stop.signal, { write, publishes: false })
  const { missing } = await context.readiness()
  if (missing.length > 0) {
    console.error(`could not begin: ${missing.join(', ')} cannot be reached`)
    return COULD_NOT_BEGIN
  }
  const { complete, json, text } = await runCommand(invocation, { config, context, signal: stop.signal, progress })
  if (isInteractive) process.stderr.write('\r\u001b[K')
  console.log(invocation.json ? JSON.stringify(json) : text)
  return complete ? 0 : INCOMPLETE
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (err) {
  const told = err instanceof UsageError || err instanceof ConfigError || err instanceof AppError
  console.error(told ? err.message : failureLine('could not run', err))
  process.exitCode = COULD_NOT_BEGIN
}
