import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

export type AppName = 'api' | 'worker'

export interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface AppProcess {
  readonly pid: number
  /** Everything it has written to stdout and stderr so far. */
  output(): string
  /** Rejects where it has not ended after `ms`. */
  exited(ms?: number): Promise<Exit>
  hasEnded(): boolean
  kill(signal: NodeJS.Signals): void
  /** From here on nobody reads what it writes: its output is a closed pipe. */
  deafen(): void
}

export interface ListeningApp extends AppProcess {
  readonly url: string
}

const START_WITHIN_MS = 60_000
/** Above every SHUTDOWN_GRACE_SECONDS that these tests set. */
const END_WITHIN_MS = 30_000

const OUR_BUILD = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Starts one process of the real build with these variables and no others, in the test's own process group. `shell`: run
 * before it by the same process, such as `ulimit -n 128`. `build`: another checkout that was built.
 */
export function spawnApp(
  app: AppName,
  variables: Readonly<Record<string, string>>,
  shell = 'true',
  build = OUR_BUILD,
): AppProcess {
  const command = [process.execPath, '--enable-source-maps', join(build, 'apps', app, 'dist/main.js')]
  const child = spawn('sh', ['-c', `${shell} && exec "$@"`, 'sh', ...command], {
    env: { PATH: process.env.PATH, TZ: process.env.TZ, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // One text rather than its pieces: who waits for a line looks at it 200 times a second.
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  const ended = () => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? 0,
    output: () => written,
    async exited(ms = END_WITHIN_MS) {
      if (!ended()) await once(child, 'exit', { signal: AbortSignal.timeout(ms) })
      return { code: child.exitCode, signal: child.signalCode }
    },
    hasEnded: ended,
    kill: (signal) => void child.kill(signal),
    deafen() {
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
    },
  }
}

const LISTENING = /"message":"(?:api listening|worker ready)","port":(\d+)/

/** Starts a process on a free port and waits until it is ready. Throws with its log where it does not get there. */
export async function startApp(
  app: AppName,
  variables: Readonly<Record<string, string>>,
  shell?: string,
  build?: string,
): Promise<ListeningApp> {
  const started = spawnApp(app, { ...variables, [app === 'api' ? 'PORT' : 'WORKER_PORT']: '0' }, shell, build)
  const url = () => `http://127.0.0.1:${LISTENING.exec(started.output())?.[1]}`
  const isReady = async () => {
    if (started.hasEnded()) throw new Error('it ended')
    return LISTENING.test(started.output()) && (await fetch(`${url()}/readyz`).catch(() => null))?.ok === true
  }
  try {
    await until(`the ${app} is ready`, isReady, START_WITHIN_MS)
  } catch (cause) {
    started.kill('SIGKILL')
    throw new Error(`the ${app} did not start:\n${started.output()}`, { cause })
  }
  return { ...started, url: url() }
}

/** Ends a process at once, frozen or not: what it would still have written goes with the test's tables and database. */
export async function killApp(app: AppProcess): Promise<void> {
  app.kill('SIGKILL')
  await app.exited()
}
