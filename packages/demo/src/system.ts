import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ServiceProcess, startServiceProcess } from '@bg-ingest/local-stack'

/** Where the built processes lie, seen from this package's `src` as well as from its `dist`. */
const built = (path: string) => fileURLToPath(new URL(`../../../apps/${path}`, import.meta.url))

interface ProcessOptions {
  readonly name: string
  /** Folder for its log. */
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  /** The whole configuration; nothing else is inherited. */
  readonly variables: Readonly<Record<string, string>>
}

const START_WITHIN_MS = 30_000
/** A second more than the service's own grace (25 s), so that it is never cut off. */
const STOP_WITHIN_MS = 27_000

export interface RunningProcess extends ServiceProcess {
  readonly url: string
}

/** One API of the real build, ready to serve. */
export async function startApi(options: ProcessOptions & { readonly port: number }): Promise<RunningProcess> {
  const { port, variables } = options
  return start('api/dist/main.js', port, { ...options, variables: { ...variables, PORT: String(port) } })
}

/** One worker of the real build, ready to take jobs. */
export async function startWorker(options: ProcessOptions & { readonly port: number }): Promise<RunningProcess> {
  const { port, variables } = options
  return start('worker/dist/main.js', port, { ...options, variables: { ...variables, WORKER_PORT: String(port) } })
}

async function start(
  path: string,
  port: number,
  { name, dir, env, variables }: ProcessOptions,
): Promise<RunningProcess> {
  const service = await startServiceProcess({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', built(path)],
    dir: join(dir, name),
    env,
    variables,
    stopWithinMs: STOP_WITHIN_MS,
  })
  const url = `http://127.0.0.1:${port}`
  try {
    await service.untilReady(() => isReady(url), START_WITHIN_MS, undefined)
  } catch (err) {
    await service.stop()
    throw err
  }
  return { ...service, url }
}

async function isReady(url: string): Promise<true | undefined> {
  const answer = await fetch(`${url}/readyz`).catch(() => null)
  return answer?.ok ? true : undefined
}

/** Creates the tables, by the same command as in production. Throws with the command's own words where it fails. */
export async function provisionTables({ env, variables }: Pick<ProcessOptions, 'env' | 'variables'>): Promise<void> {
  await promisify(execFile)(process.execPath, [built('worker/dist/provision.js')], {
    env: { PATH: env['PATH'], ...variables },
  })
}
