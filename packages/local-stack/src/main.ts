import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startLocalStack } from './start-local-stack.ts'

const HELP = `Starts Redis, RabbitMQ and DynamoDB on free ports of 127.0.0.1 and stops them on Ctrl-C.

  node packages/local-stack/dist/main.js [--help]

Prints the environment variables to paste into another terminal. An endpoint that is set already
(REDIS_URL, RABBITMQ_URL, DYNAMODB_ENDPOINT) is used, and nothing is started for it.
`

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}

const say = (line: string) => process.stderr.write(`${line}\n`)

async function run(stopping: AbortSignal): Promise<void> {
  const stack = await startLocalStack({ env: process.env, say, signal: stopping })
  for (const [name, value] of Object.entries(stack.env)) {
    if (process.env[name] !== value) process.stdout.write(`export ${name}=${quoted(value)}\n`)
  }
  const isOurs = Object.values(stack.backends).some(({ pid }) => pid !== undefined)
  say(isOurs ? 'Ctrl-C stops it.' : 'Nothing had to be started.')
  if (isOurs && !stopping.aborted) await once(stopping, 'abort')
  await stack.stop()
}

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h', default: false } } })
if (values.help) {
  process.stdout.write(HELP)
} else {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopping.abort())
  await run(stopping.signal).catch((err: unknown) => {
    if (stopping.signal.aborted) return
    say(err instanceof Error ? err.message : 'Unexpected error')
    process.exitCode = 1
  })
}
