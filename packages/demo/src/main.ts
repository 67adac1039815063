import { parseArgs } from 'node:util'
import { banner } from './banner.ts'
import { connectPerson } from './connect-person.ts'
import { type Demo, startDemo } from './demo.ts'
import { DEMO_PEOPLE } from './people.ts'
import { createProgressBar } from './progress-bar.ts'
import { watchHistory } from './watch-history.ts'

const HELP = `Usage: npm start [-- --workers <n>]

Starts the whole system on this machine: Redis, RabbitMQ, DynamoDB, a simulated Dexcom, the API and the workers; connects
three demo people, imports their history and polls on. Ctrl-C stops all of it and leaves nothing behind.

  --workers <n>   how many workers, 1 to 16; default 2

With DEXCOM_CLIENT_ID and DEXCOM_CLIENT_SECRET set it talks to Dexcom (DEXCOM_API_BASE_URL, default the sandbox) and prints
the address where you connect yourself. REDIS_URL, RABBITMQ_URL and DYNAMODB_ENDPOINT are used where they are set. All
other settings are in docs/configuration.md.`

const say = (line: string) => console.log(`  ${line}`)

async function run(workers: number, stop: AbortController): Promise<void> {
  const startedAt = performance.now()
  console.log('Starting BG Ingest')
  const demo = await startDemo({ env: process.env, say, signal: stop.signal, workers })
  try {
    const person = await (demo.simulatorUrl ? connectDemoPeople(demo, stop.signal) : inviteToDexcom(demo))
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    console.log(banner({ demo, userId: person, token: await demo.token(person), seconds }))
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      stop.signal.addEventListener('abort', () => resolve())
    })
  } finally {
    console.log('\nStopping')
    await demo.stop()
    console.log('Stopped; nothing is left behind.')
  }
}

async function connectDemoPeople(demo: Demo, signal: AbortSignal): Promise<string> {
  const tokens = new Map<string, string>()
  for (const { userId, description, dexcom } of DEMO_PEOPLE) {
    const token = await demo.token(userId)
    await connectPerson({ apiUrl: demo.apiUrl, token, userId, dexcomUser: dexcom.name })
    tokens.set(userId, token)
    say(`Connected ${userId} (${description})`)
  }
  await watchHistory({ apiUrl: demo.apiUrl, tokens, signal, onProgress: createProgressBar(process.stdout) })
  return DEMO_PEOPLE[0]?.userId ?? ''
}

/** With Dexcom's own API a person has to allow access in a browser. */
async function inviteToDexcom(demo: Demo): Promise<string> {
  const userId = 'demo'
  const answer = await fetch(`${demo.apiUrl}/api/bg/${userId}/connection`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await demo.token(userId)}` },
  })
  const { authorizationUrl } = (await answer.json()) as { authorizationUrl: string }
  say(`Connect yourself, within ten minutes, at ${authorizationUrl}`)
  return userId
}

const { values } = parseArgs({
  options: { workers: { type: 'string', default: '2' }, help: { type: 'boolean', short: 'h', default: false } },
})
const workers = Number(values.workers)

if (values.help) {
  console.log(HELP)
} else if (!Number.isInteger(workers) || workers < 1 || workers > 16) {
  console.error('--workers takes a number from 1 to 16')
  process.exitCode = 1
} else {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
  await run(workers, stop).catch((err: unknown) => {
    if (stop.signal.aborted) return
    console.error(err instanceof Error ? err.message : err)
    process.exitCode = 1
  })
}
