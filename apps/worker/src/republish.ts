import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, loadWorkerConfig } from '@bg-ingest/config'
import { type Ports, type Republished, republishChanges } from '@bg-ingest/ingest'
import { failureLine } from '@bg-ingest/process'
import { createWorkerContext } from './context.ts'
import { HELP, readRepublishArguments } from './republish-arguments.ts'
import { UsageError } from './usage-error.ts'

const BROKER_STOPPED = 1
const COULD_NOT_BEGIN = 2
/** Two handshakes with a broker that is slow. */
const BROKER_WITHIN_MS = 20_000
const LOOK_AGAIN_MS = 50

async function reachesBroker({ publisher }: Ports): Promise<boolean> {
  const until = performance.now() + BROKER_WITHIN_MS
  while (publisher.state() === 'connecting' && performance.now() < until) await sleep(LOOK_AGAIN_MS)
  return publisher.state() === 'connected'
}

const inWords = ({ messages, changes, fromSequence, toSequence, complete }: Republished): string => {
  const range = fromSequence === null ? '' : `, sequences ${fromSequence} to ${toSequence}`
  return `${messages} messages, ${changes} changes${range}${complete ? '' : '; the broker took no more'}`
}

async function run(): Promise<number> {
  const args = readRepublishArguments(process.argv.slice(2))
  if (args === 'help') {
    console.log(HELP)
    return 0
  }
  const config = loadWorkerConfig(process.env)
  const { signal } = new AbortController()
  // Lines of the log go to stderr: stdout is the result's alone.
  const write = (line: string) => void process.stderr.write(line)
  await using context = await createWorkerContext(config, signal, { write })
  const { ports, readiness } = context
  const { missing } = await readiness()
  if (missing.length > 0 || !(await reachesBroker(ports))) {
    console.error(
      `could not begin: ${[...missing, ...(missing.length > 0 ? [] : ['rabbitmq'])].join(', ')} cannot be reached`,
    )
    return COULD_NOT_BEGIN
  }
  const { user, from, to, json } = args
  const onProgress = (sofar: Republished) => console.error(inWords(sofar))
  const told = await republishChanges(ports, user, { from, to, onProgress }, signal)
  console.log(json ? JSON.stringify({ userId: user, ...told }) : inWords(told))
  return told.complete ? 0 : BROKER_STOPPED
}

try {
  process.exitCode = await run()
} catch (err) {
  const told = err instanceof UsageError || err instanceof ConfigError
  console.error(told ? err.message : failureLine('could not republish', err))
  process.exitCode = COULD_NOT_BEGIN
}
