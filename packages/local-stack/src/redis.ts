import { AppError } from '@bg-ingest/domain'
import { exchange } from './exchange.ts'
import { findExecutable } from './find-executable.ts'
import { onFreePorts } from './free-ports.ts'
import type { BackendOptions, RunningBackend } from './local-stack.ts'
import { readyOrStopped, startServiceProcess } from './service-process.ts'

/** Measured: 20 ms; the bound is for a machine that swaps. */
const READY_WITHIN_MS = 15_000

export interface RedisOptions extends BackendOptions {
  /** Append-only file with fsync each second: data survive a kill and a start in the same folder. Default false. */
  readonly keepData?: boolean
}

export function findRedis(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return findExecutable('redis-server', env)
}

/** Its version, once the process with that pid answers PING on that port. */
async function answersAs(port: number, pid: number): Promise<string | undefined> {
  const answer = await exchange(port, 'PING\r\nINFO server\r\n', (bytes) => bytes.includes('process_id:'))
  const text = answer?.toString('latin1') ?? ''
  if (!(text.startsWith('+PONG') && new RegExp(`process_id:${pid}\\b`).test(text))) return undefined
  return /redis_version:(\S+)/.exec(text)?.[1] ?? ''
}

/** Starts redis-server on 127.0.0.1, as BullMQ needs it (noeviction). Throws when it is not installed or does not come up. */
export async function startRedis(options: RedisOptions): Promise<RunningBackend> {
  const { env, dir, signal } = options
  const command = await findRedis(env)
  if (command === undefined) throw new AppError('service_unavailable', 'redis-server is not on this machine')
  return onFreePorts(['port'], options.port === undefined ? {} : { port: options.port }, async ({ port }) => {
    const flags = {
      port: `${port}`,
      bind: '127.0.0.1',
      dir: '.',
      save: '',
      appendonly: options.keepData ? 'yes' : 'no',
      'maxmemory-policy': 'noeviction',
      // One for each end-to-end test file, so that none sees another's jobs.
      databases: '100',
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    const redis = await startServiceProcess({ name: 'redis-server', command, args, dir, env, stopWithinMs: 3000 })
    const version = await readyOrStopped(redis, () =>
      redis.untilReady(() => answersAs(port, redis.pid), READY_WITHIN_MS, signal),
    )
    return {
      name: `redis-server ${version}`.trim(),
      url: `redis://127.0.0.1:${port}`,
      port,
      pid: redis.pid,
      stop: redis.stop,
    }
  })
}
