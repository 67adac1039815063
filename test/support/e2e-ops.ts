import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface OpsRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What `--json` printed; null where it printed something else. */
  // biome-ignore lint/suspicious/noExplicitAny: results are what tests look into
  readonly json: any
}

const main = fileURLToPath(new URL('../../apps/worker/dist/ops.js', import.meta.url))

/** `pnpm ops` of the real build, with these variables and no others. */
export async function runOps(variables: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<OpsRun> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, TZ: process.env.TZ, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr, json: parsed(stdout) }
}

function parsed(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
