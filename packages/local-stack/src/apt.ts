import { access } from 'node:fs/promises'
import { AppError } from '@bg-ingest/domain'
import { findExecutable, searchPath } from './find-executable.ts'
import { lastLines, runCommand } from './run-command.ts'
import { withoutServiceStarts } from './service-start-policy.ts'

/** Another apt-get on this machine may hold the lock; a large installation takes about this long. */
const LOCK_TIMEOUT = 'DPkg::Lock::Timeout=300'

/** Whether packages can be installed: Debian or a child of it, and root. */
export async function canInstall(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await findExecutable('apt-get', env)) === undefined) return false
  return access('/etc/debian_version').then(
    () => true,
    () => false,
  )
}

/**
 * Installs the first package of each list that this release of Debian has. Not to be aborted: a dpkg ended half-way leaves the
 * machine's package database for a person to repair. Throws with the end of apt-get's output.
 */
export async function installPackages(wanted: readonly (readonly string[])[], env: NodeJS.ProcessEnv): Promise<void> {
  const variables = {
    PATH: searchPath(env),
    HOME: env.HOME,
    http_proxy: env.http_proxy,
    https_proxy: env.https_proxy,
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
    // Ubuntu's needrestart would restart services that have nothing to do with us.
    NEEDRESTART_SUSPEND: '1',
  }
  const update = await runCommand('apt-get', ['-qq', 'update'], variables)
  const packages = await Promise.all(
    wanted.map(async (alternatives) => {
      for (const name of alternatives) {
        if ((await runCommand('apt-cache', ['show', name], variables)).code === 0) return name
      }
      return alternatives[0] ?? ''
    }),
  )
  const options = ['-y', '-qq', '--no-install-recommends', '-o', LOCK_TIMEOUT, '-o', 'Dpkg::Use-Pty=0']
  const install = await withoutServiceStarts(() =>
    runCommand('apt-get', ['install', ...options, ...packages], variables),
  )
  if (install.code === 0) return
  const reason = lastLines(update.code === 0 ? install.output : `${update.output}\n${install.output}`)
  throw new AppError('service_unavailable', `apt-get could not install ${packages.join(', ')}:\n${reason}`)
}
