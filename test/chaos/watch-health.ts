import { readFileSync } from 'node:fs'
import type { ListeningApp } from '../support/e2e-process.ts'

/** What was seen of the processes from outside, all through a run. */
export interface HealthWatch {
  /** Looks at /healthz, and how many of them were no 200 within a second (O10). */
  readonly looks: number
  readonly failed: readonly string[]
  /** The most memory that any process held, in megabytes (O11). */
  readonly mostMegabytes: number
  stop(): void
}

const EVERY_MS = 500
/** A busy machine with two cores and a dozen processes: what nobody would call an answer. */
const WITHIN_MS = 2_000
const KILOBYTES_PER_MEGABYTE = 1_024

/** `lives`: who has to answer /healthz, whatever is done to the rest; `all`: whose memory counts. */
export function watchHealth(all: () => readonly ListeningApp[], lives: readonly ListeningApp[]): HealthWatch {
  const failed: string[] = []
  let looks = 0
  let mostMegabytes = 0
  const look = async ({ url }: ListeningApp) => {
    looks += 1
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(WITHIN_MS) }).catch(
      (err: Error) => err.name,
    )
    if (typeof answer === 'string') failed.push(answer)
    else if (answer.status !== 200) failed.push(`${answer.status}`)
  }
  const timer = setInterval(() => {
    for (const app of lives) void look(app)
    for (const { pid } of all()) mostMegabytes = Math.max(mostMegabytes, residentMegabytes(pid))
  }, EVERY_MS)
  return {
    get looks() {
      return looks
    },
    failed,
    get mostMegabytes() {
      return mostMegabytes
    },
    stop: () => clearInterval(timer),
  }
}

/** VmRSS as Linux tells it; 0 of a process that has just ended. */
function residentMegabytes(pid: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kilobytes ?? 0) / KILOBYTES_PER_MEGABYTE)
  } catch {
    return 0
  }
}
