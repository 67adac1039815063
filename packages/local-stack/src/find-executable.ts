import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** What a shell assumes where PATH is not set. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function searchPath(env: NodeJS.ProcessEnv): string {
  return env.PATH || DEFAULT_PATH
}

/** The first executable file of that name in `first` and then in PATH; undefined when there is none. */
export async function findExecutable(
  name: string,
  env: NodeJS.ProcessEnv,
  first: readonly string[] = [],
): Promise<string | undefined> {
  for (const folder of [...first, ...searchPath(env).split(delimiter)]) {
    const file = join(folder, name)
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return file
  }
  return undefined
}
