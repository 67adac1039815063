import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ChildOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** `show` writes to this terminal, `keep` collects the output for the result, a function is given it line by line. */
  readonly output: 'show' | 'keep' | ((line: string) => void)
  /** Aborting ends the child and everything it has started. */
  readonly signal: AbortSignal
  /** Called with a way to end the child, for callers that watch it. */
  readonly onStart?: (end: () => void) => void
}

export interface ChildResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null
  readonly output: string
}

/** A child gets this long, in ms, to end by itself after SIGTERM. */
const GRACE_MS = 10_000

/**
 * Runs a command to its end in a process group of its own, so that ending it ends its children too.
 * Resolves for every exit code; rejects only if the command cannot be started.
 */
export function runChild([command = '', ...args]: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const stdio = options.output === 'show' ? 'inherit' : 'pipe'
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', stdio, stdio],
  })
  const kept: Buffer[] = []
  const { output } = options
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    if (typeof output === 'function') createInterface({ input: stream }).on('line', output)
    else stream.on('data', (chunk: Buffer) => kept.push(chunk))
  }
  const terminate = () => endGroup(child)
  options.signal.addEventListener('abort', terminate, { once: true })
  options.onStart?.(() => signalGroup(child, 'SIGKILL'))

  return new Promise<ChildResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(kept).toString() }))
  }).finally(() => options.signal.removeEventListener('abort', terminate))
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM')
  const force = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS)
  child.once('close', () => clearTimeout(force))
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    // ESRCH: the whole group has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
