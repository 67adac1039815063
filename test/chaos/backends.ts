import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RunningBackend, type RunningRabbitmq, startRabbitmq, startRedis } from '@bg-ingest/local-stack'
import { type DynamoProxy, startDynamoProxy } from '../support/dynamo-proxy.ts'
import { startTcpProxy, type TcpProxy, through } from '../support/tcp-proxy.ts'

const run = promisify(execFile)

/** A backend of the run's own that can die and come back with its data, and the wire that leads to it. */
export interface Breakable {
  readonly wire: TcpProxy
  /** Past the wire. */
  readonly url: string
  /** As a power cut does; comes back after so many milliseconds. */
  killFor(ms: number): Promise<void>
  /** Frozen for so many milliseconds. */
  freezeFor(ms: number): Promise<void>
}

export interface ChaosBackends {
  readonly redis: Breakable
  readonly rabbitmq: Breakable & { control(...args: readonly string[]): Promise<string> }
  readonly dynamodb: DynamoProxy
  /** Addresses for the processes of the service. */
  readonly variables: Readonly<Record<string, string>>
  close(): Promise<void>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A Redis with an append-only file and a RabbitMQ, each behind a wire, and a way to the runner's DynamoDB. */
export async function startChaosBackends(dynamodbEndpoint: string): Promise<ChaosBackends> {
  const dir = await mkdtemp(join(tmpdir(), 'bg-chaos-'))
  const redis = await breakable((port) =>
    startRedis({ env: process.env, dir: join(dir, 'redis'), keepData: true, ...port }),
  )
  const rabbitmq = await breakable((port) => startRabbitmq({ env: process.env, dir: join(dir, 'rabbitmq'), ...port }))
  const dynamodb = await startDynamoProxy(dynamodbEndpoint)
  return {
    redis,
    rabbitmq: {
      ...rabbitmq,
      async control(...args) {
        const { controlEnv } = rabbitmq.backend() as RunningRabbitmq
        return (await run('/usr/lib/rabbitmq/bin/rabbitmqctl', ['-q', ...args], { env: { ...controlEnv } })).stdout
      },
    },
    dynamodb,
    variables: {
      REDIS_URL: through(redis.wire, redis.url),
      RABBITMQ_URL: through(rabbitmq.wire, rabbitmq.url),
      DYNAMODB_ENDPOINT: dynamodb.url,
    },
    async close() {
      await Promise.all([redis.close(), rabbitmq.close(), dynamodb.close()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function breakable(start: (port: { readonly port?: number }) => Promise<RunningBackend>) {
  let backend = await start({})
  const { port, url } = backend
  const wire = await startTcpProxy({ port })
  // A whole process group: RabbitMQ has helpers of its own.
  const signal = (name: NodeJS.Signals) => process.kill(-backend.pid, name)
  return {
    wire,
    url,
    backend: () => backend,
    async killFor(ms: number) {
      signal('SIGKILL')
      await backend.stop()
      await pause(ms)
      backend = await start({ port })
    },
    async freezeFor(ms: number) {
      signal('SIGSTOP')
      await pause(ms)
      signal('SIGCONT')
    },
    async close() {
      await wire.close()
      await backend.stop()
    },
  }
}
