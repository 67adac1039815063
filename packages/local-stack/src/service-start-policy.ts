import { rm, writeFile } from 'node:fs/promises'

/** Debian asks this script before a package's installation starts a service; exit code 101 forbids it (invoke-rc.d(8)). */
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const FORBID = '#!/bin/sh\n# Written by bg-ingest local-stack while it installs packages; may be deleted.\nexit 101\n'

/** Runs `install` so that no package starts its service on the standard ports. A policy the machine already has stays as it is. */
export async function withoutServiceStarts<T>(install: () => Promise<T>): Promise<T> {
  const isOurs = await writeFile(POLICY_FILE, FORBID, { flag: 'wx', mode: 0o755 }).then(
    () => true,
    (err: NodeJS.ErrnoException) => {
      if (err.code === 'EEXIST') return false
      throw err
    },
  )
  try {
    return await install()
  } finally {
    if (isOurs) await rm(POLICY_FILE, { force: true })
  }
}
