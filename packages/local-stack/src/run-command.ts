import { spawn } from 'node:child_process'

export interface CommandResult {
  /** Null when a signal ended it or it could not be started. */
  readonly code: number | null
  /** Standard output and error, in the order they came. */
  readonly output: string
}

/**
 * Runs a command to its end, in a process group of its own, so that Ctrl-C in the terminal does not reach it.
 * Never rejects: what cannot be started has `code` null.
 */
export function runCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (err) => resolve({ code: null, output: err.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** The last lines of a text, for an error message. */
export function lastLines(text: string, count = 20): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
