import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface DoctorRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What `--json` printed; null where it printed something else. */
  // biome-ignore lint/suspicious/noExplicitAny: the report is what tests look into
  readonly report: any
  /** Kinds of findings, in order. */
  readonly found: readonly string[]
}

const main = fileURLToPath(new URL('../../apps/worker/dist/doctor.js', import.meta.url))

/** `pnpm doctor` of the real build, with these variables and no others. */
export async function runDoctor(
  variables: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<DoctorRun> {
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
  const report = parsed(stdout)
  const found = (report?.lines ?? []).map(({ finding }: { readonly finding: string }) => finding)
  return { code: child.exitCode, stdout, stderr, report, found }
}

function parsed(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
