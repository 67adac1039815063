import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canInstall,
  findExecutable,
  installPackages,
  onFreePorts,
  type ServiceProcess,
  startServiceProcess,
} from '@bg-ingest/local-stack'

export interface ToolRun {
  readonly exitCode: number
  readonly output: string
}

const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 15_000

/** A program of Debian's package `prometheus` (2.42), which is installed where the machine has it not. */
async function program(name: 'promtool' | 'prometheus'): Promise<string> {
  const found = await findExecutable(name, process.env)
  if (found !== undefined) return found
  if (!(await canInstall(process.env)))
    throw new Error(`${name} is not on this machine, and it takes root on Debian or Ubuntu to install it`)
  await installPackages([['prometheus']], process.env)
  const installed = await findExecutable(name, process.env)
  if (installed === undefined) throw new Error(`the package prometheus was installed and ${name} is not in PATH`)
  return installed
}

/** Runs promtool in a folder; `input` goes to its standard input. */
export async function promtool(
  args: readonly string[],
  options: { input?: string; cwd?: string } = {},
): Promise<ToolRun> {
  const command = await program('promtool')
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { cwd: options.cwd }, (error, stdout, stderr) => {
      const exitCode = child.exitCode
      if (error && exitCode === null) reject(error)
      else resolve({ exitCode: exitCode ?? 0, output: stdout + stderr })
    })
    child.stdin?.end(options.input ?? '')
  })
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  /** Epoch seconds and value, or a list of them for a query over a range. */
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

export interface Prometheus {
  readonly url: string
  /** Throws with Prometheus' own words where the expression cannot be answered. */
  query(expression: string): Promise<readonly Sample[]>
  /** The last `seconds`, one value every `step` seconds. */
  range(expression: string, seconds: number, step: number): Promise<readonly Sample[]>
  stop(): Promise<void>
}

/** A Prometheus of its own with this configuration (YAML), its data and its rules below `dir`. */
export async function startPrometheus(options: { readonly dir: string; readonly config: string }): Promise<Prometheus> {
  const { dir, config } = options
  const command = await program('prometheus')
  await mkdir(dir, { recursive: true })
  const file = join(dir, 'prometheus.yml')
  await writeFile(file, config)
  return onFreePorts(['port'], {}, async ({ port }) => {
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]
    const service = await startServiceProcess({
      name: 'prometheus',
      command,
      args,
      dir,
      env: process.env,
      stopWithinMs: STOP_WITHIN_MS,
    })
    return clientOf(service, `http://127.0.0.1:${port}`)
  })
}

async function clientOf(service: ServiceProcess, url: string): Promise<Prometheus> {
  const isReady = async () => ((await fetch(`${url}/-/ready`).catch(() => null))?.ok ? true : undefined)
  try {
    await service.untilReady(isReady, READY_WITHIN_MS, undefined)
  } catch (err) {
    await service.stop()
    throw err
  }
  const ask = async (path: string, parameters: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) })
    const { status, error, data } = (await answer.json()) as {
      readonly status: string
      readonly error?: string
      readonly data: { readonly result: readonly Sample[] }
    }
    if (status !== 'success') throw new Error(`${parameters.query}: ${error}`)
    return data.result
  }
  return {
    url,
    query: (query) => ask('query', { query }),
    range(query, seconds, step) {
      const end = Date.now() / 1000
      return ask('query_range', { query, start: String(end - seconds), end: String(end), step: String(step) })
    },
    stop: service.stop,
  }
}
