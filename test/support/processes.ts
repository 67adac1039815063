import { readdir, readFile, readlink } from 'node:fs/promises'

/** Linux shows every process as a folder; elsewhere `processesIn` has nothing to look at. */
export const HAS_PROC = process.platform === 'linux'

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Pids whose working folder, command line or environment lies in or names the folder. */
export async function processesIn(folder: string): Promise<readonly string[]> {
  if (!HAS_PROC) return []
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const named = await Promise.all(
    pids.map(async (pid) => {
      const traces = await Promise.all([
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      ])
      return traces.some((trace) => trace.includes(folder)) ? [pid] : []
    }),
  )
  return named.flat()
}
