import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Redis } from '@bg-ingest/queue'
import { TLS_SERVERS } from './tls-servers.ts'
import { until } from './until.ts'

export interface LocalRedis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** A redis-server of the test's own, which it may freeze or kill: on a free port, in memory alone. */
export async function startRedis(port?: number): Promise<LocalRedis> {
  const onPort = port ?? (await freePort())
  return start(`redis://127.0.0.1:${onPort}`, ['--port', String(onPort)])
}

/** One that speaks TLS and nothing else, with a certificate for 127.0.0.1 that signs itself. `folder` takes its files. */
export async function startTlsRedis(folder: string): Promise<LocalRedis> {
  const port = await freePort()
  const files = { key: join(folder, 'redis.key'), cert: join(folder, 'redis.crt') }
  await writeFile(files.key, TLS_SERVERS.good.key)
  await writeFile(files.cert, TLS_SERVERS.good.cert)
  const tls = ['--tls-port', String(port), '--tls-key-file', files.key, '--tls-cert-file', files.cert]
  return start(`rediss://127.0.0.1:${port}`, ['--port', '0', ...tls, '--tls-auth-clients', 'no'])
}

async function start(url: string, listening: readonly string[]): Promise<LocalRedis> {
  const args = [...listening, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  const failed = once(server, 'error').then(([error]) => Promise.reject(error))
  await Promise.race([ready(server.stdout), failed, exited.then(() => Promise.reject(new Error('redis-server ended')))])
  server.stdout.resume()
  return {
    url,
    pid: server.pid ?? 0,
    async stop() {
      // A stopped process takes no SIGTERM before it is continued.
      server.kill('SIGCONT')
      server.kill('SIGKILL')
      await exited
    },
  }
}

async function ready(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (line.includes('Ready to accept connections')) return
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Waits until what is written to this Redis is trusted: it tells its age in whole seconds, so not before its second one. */
export async function untilTrusted(redis: Pick<Redis, 'info'>): Promise<void> {
  const ageOf = async () => Number(/uptime_in_seconds:(\d+)/.exec(await redis.info('server'))?.[1])
  await until('Redis is two seconds old', async () => (await ageOf()) >= 2)
}
