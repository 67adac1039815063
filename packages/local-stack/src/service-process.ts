import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@bg-ingest/domain'
import { searchPath } from './find-executable.ts'
import { orphanGuard } from './orphan-guard.ts'
import { lastLines } from './run-command.ts'

const POLL_EVERY_MS = 25
/** What is still in the group after its leader has gone is killed; the kernel needs no longer than this to clear it. */
const GROUP_GONE_WITHIN_MS = 2000

export interface ServiceCommand {
  /** Name for messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Folder of the process and of its log. */
  readonly dir: string
  /** Default: `dir`. */
  readonly cwd?: string
  /** Where PATH comes from; nothing else is inherited, so that a person's settings do not leak in. */
  readonly env: NodeJS.ProcessEnv
  readonly variables?: Readonly<Record<string, string>>
  /** How long SIGTERM may take before SIGKILL. */
  readonly stopWithinMs: number
}

export interface ServiceProcess {
  readonly pid: number
  /** Polls `probe` until it gives something; throws when the process ends or `withinMs` is over, with the end of its log. */
  untilReady<T>(probe: () => Promise<T | undefined>, withinMs: number, signal: AbortSignal | undefined): Promise<T>
  stop(): Promise<void>
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Sends a signal to a process group; false when there is no such group any more. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

async function endedWithin(child: ChildProcess, ms: number): Promise<boolean> {
  if (hasEnded(child)) return true
  return once(child, 'exit', { signal: AbortSignal.timeout(ms) }).then(
    () => true,
    () => hasEnded(child),
  )
}

async function endGroup(child: ChildProcess, pid: number, stopWithinMs: number): Promise<void> {
  if (!hasEnded(child)) {
    signalGroup(pid, 'SIGTERM')
    // A stopped process (SIGSTOP) takes no SIGTERM before it runs again.
    signalGroup(pid, 'SIGCONT')
    await endedWithin(child, stopWithinMs)
  }
  signalGroup(pid, 'SIGKILL')
  const over = AbortSignal.timeout(GROUP_GONE_WITHIN_MS)
  while (signalGroup(pid, 0) && !over.aborted) await delay(POLL_EVERY_MS)
}

async function logTail(logFile: string): Promise<string> {
  return lastLines(await readFile(logFile, 'utf8').catch(() => '(no log)'))
}

/**
 * Starts a process in a group of its own, its output in `<dir>/log`. Own group, because Ctrl-C goes to the whole foreground
 * group of the terminal, and the backends must outlive the workers that drain into them.
 */
export async function startServiceProcess(service: ServiceCommand): Promise<ServiceProcess> {
  const { name, dir, env } = service
  await mkdir(dir, { recursive: true })
  const [command = service.command, ...args] = [...(await orphanGuard(env)), service.command, ...service.args]
  const logFile = join(dir, 'log')
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, {
    cwd: service.cwd ?? dir,
    env: { PATH: searchPath(env), LANG: 'C.UTF-8', ...service.variables },
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  if (child.pid === undefined) {
    const [cause] = await once(child, 'error')
    throw new AppError('service_unavailable', `${name} could not be started`, { cause })
  }
  const { pid } = child
  let stopping: Promise<void> | undefined

  return {
    pid,
    async untilReady(probe, withinMs, signal) {
      const over = AbortSignal.timeout(withinMs)
      const untilNext = AbortSignal.any(signal === undefined ? [over] : [over, signal])
      while (!over.aborted) {
        signal?.throwIfAborted()
        const answer = await probe()
        // Checked after the probe: an answer on the port of a process that has ended came from somebody else.
        if (hasEnded(child)) {
          const how = child.signalCode ?? `exit code ${child.exitCode}`
          throw new AppError('service_unavailable', `${name} ended (${how}). Its log:\n${await logTail(logFile)}`)
        }
        if (answer !== undefined) return answer
        await delay(POLL_EVERY_MS, undefined, { signal: untilNext }).catch(() => undefined)
      }
      throw new AppError(
        'service_unavailable',
        `${name} did not answer within ${withinMs / 1000} s. Its log:\n${await logTail(logFile)}`,
      )
    },
    stop() {
      stopping ??= endGroup(child, pid, service.stopWithinMs)
      return stopping
    },
  }
}

/** Waits for a fresh process to be ready; one that does not get there is stopped. */
export async function readyOrStopped<T>(started: ServiceProcess, untilReady: () => Promise<T>): Promise<T> {
  try {
    return await untilReady()
  } catch (err) {
    await started.stop()
    throw err
  }
}
