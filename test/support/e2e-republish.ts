import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface RepublishRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const main = fileURLToPath(new URL('../../apps/worker/dist/republish.js', import.meta.url))

/** `pnpm republish` of the real build, with these variables and no others. */
export const runRepublish = (variables: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  new Promise<RepublishRun>((resolve) => {
    const env = { PATH: process.env.PATH, TZ: process.env.TZ, ...variables }
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })
