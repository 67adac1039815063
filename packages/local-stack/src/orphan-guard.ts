import { findExecutable } from './find-executable.ts'
import { runCommand } from './run-command.ts'

/**
 * What to put before a command line so that the kernel kills the process when this one dies, even by SIGKILL.
 * util-linux's setpriv asks for that (prctl PR_SET_PDEATHSIG) and then becomes the command: no watchdog, same pid.
 * Empty where there is none (macOS, BusyBox): children then end by `stop()` only.
 */
export async function orphanGuard(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const setpriv = await findExecutable('setpriv', env)
  if (setpriv === undefined) return []
  const guard = [setpriv, '--pdeathsig', 'KILL', '--']
  const { code } = await runCommand(setpriv, ['--pdeathsig', 'KILL', '--', 'true'], env)
  return code === 0 ? guard : []
}
