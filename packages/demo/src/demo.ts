import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '@bg-ingest/dexcom-simulator'
import { onFreePorts, startLocalStack } from '@bg-ingest/local-stack'
import { signDevelopmentToken } from '@bg-ingest/security'
import { DEMO_PEOPLE } from './people.ts'
import { developmentSecrets } from './secrets.ts'
import { provisionTables, type RunningProcess, startApi, startWorker } from './system.ts'

export interface DemoOptions {
  readonly env: NodeJS.ProcessEnv
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** How many workers; a second terminal may add more. */
  readonly workers: number
}

export interface Demo {
  readonly apiUrl: string
  /** Unset when talking to Dexcom itself. */
  readonly simulatorUrl: string | undefined
  readonly operatorPassword: string
  /** File with the environment of another worker. */
  readonly environmentFile: string
  readonly logFolder: string
  token(userId: string): Promise<string>
  stop(): Promise<void>
}

const TOKEN_LIFE_SECONDS = 86_400
/** Someone who watches wants to see polls; a quarter of an hour is the default elsewhere. */
const DEMO_POLL_SECONDS = '60'

/** Starts the whole system on this machine. Whatever fails, nothing stays behind: no process, no file. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { env, say, signal } = options
  const closers: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close().catch(() => undefined)
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'bg-ingest-demo-'))
    closers.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
    const stack = await startLocalStack({ env, say, signal })
    closers.push(() => stack.stop())
    const simulator = env['DEXCOM_CLIENT_ID']
      ? undefined
      : await startSimulator({ users: DEMO_PEOPLE.map((p) => p.dexcom) })
    if (simulator) closers.push(() => simulator.stop())

    return await onFreePorts(['api', ...workerNames(options.workers)], await apiPort(env), async (ports) => {
      const secrets = developmentSecrets(env)
      const variables: Record<string, string> = {
        ...stack.env,
        ...secrets,
        ...settings(env, ports['api'] ?? 0, simulator),
      }
      const common = { dir: folder, env, variables }
      signal.throwIfAborted()
      await provisionTables(common)
      const api = await startApi({ ...common, name: 'api', port: ports['api'] ?? 0 })
      closers.push(() => api.stop())
      say(`API: ${api.url}`)
      const workers: RunningProcess[] = []
      closers.push(() => Promise.all(workers.map((worker) => worker.stop())))
      await settled(
        workerNames(options.workers).map(async (name) => {
          workers.push(await startWorker({ ...common, name, port: ports[name] ?? 0 }))
        }),
      )
      say(`Workers: ${options.workers}`)
      const environmentFile = join(folder, 'worker.env')
      await writeFile(environmentFile, exportLines({ ...variables, WORKER_PORT: '0' }), { mode: 0o600 })
      return {
        apiUrl: api.url,
        simulatorUrl: simulator?.baseUrl,
        operatorPassword: secrets['OPERATOR_PASSWORD'] ?? '',
        environmentFile,
        logFolder: folder,
        token: (userId) => tokenFor(secrets['JWT_SECRET'] ?? '', variables['JWT_AUDIENCE'] ?? 'bg-ingest', userId),
        stop,
      }
    })
  } catch (err) {
    await stop()
    throw err
  }
}

const workerNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `worker-${index + 1}`)

/** The API's usual port where nobody has it, so that what the documents show works as it stands. */
const USUAL_PORT = 5001

async function apiPort(env: NodeJS.ProcessEnv): Promise<{ readonly api?: number }> {
  if (env['PORT']) return { api: Number(env['PORT']) }
  return (await isFree(USUAL_PORT)) ? { api: USUAL_PORT } : {}
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}

/** Waits for all, then throws the first failure: whoever is still starting would escape the clean-up. */
async function settled(starts: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(starts)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

interface SimulatorAddress {
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Every setting of the service that the environment names, and what the demo needs beside. */
function settings(env: NodeJS.ProcessEnv, apiPort: number, simulator: SimulatorAddress | undefined) {
  const given = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => SETTING.test(entry[0]) && entry[1] !== undefined),
  )
  return {
    POLL_INTERVAL_SECONDS: DEMO_POLL_SECONDS,
    DEXCOM_REDIRECT_URI: `http://localhost:${apiPort}/oauth/callback`,
    ...given,
    ...(simulator
      ? {
          DEXCOM_API_BASE_URL: simulator.baseUrl,
          DEXCOM_CLIENT_ID: simulator.clientId,
          DEXCOM_CLIENT_SECRET: simulator.clientSecret,
        }
      : {}),
  }
}

const SETTING =
  /^(DEXCOM_\w+|POLL_INTERVAL_SECONDS|SYNC_LOOKBACK_HOURS|RECONCILE_INTERVAL_HOURS|RETENTION_DAYS|WORKER_CONCURRENCY|SHUTDOWN_GRACE_SECONDS|RATE_LIMIT_\w+|TRUST_PROXY|LOG_LEVEL|JWT_ISSUER|JWT_AUDIENCE|WEBHOOK_AUTH|WEBHOOK_JWT_AUDIENCE|RETURN_TO_ORIGINS|OPERATOR_ACTIONS|NODE_ENV)$/

const exportLines = (variables: Readonly<Record<string, string>>): string =>
  `${Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
    .join('\n')}\n`

const tokenFor = (secret: string, audience: string, userId: string): Promise<string> =>
  signDevelopmentToken({
    secret,
    sub: userId,
    scopes: ['bg:read', 'bg:sync', 'bg:connect'],
    audience,
    ttlSeconds: TOKEN_LIFE_SECONDS,
    nowMs: Date.now(),
  })
