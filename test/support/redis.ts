import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface LocalRedis {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** A redis-server of the test's own, which it may freeze or kill: on a free port, in memory alone. */
export async function startRedis(port?: number): Promise<LocalRedis> {
  const onPort = port ?? (await freePort())
  const args = ['--port', String(onPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  const failed = once(server, 'error').then(([error]) => Promise.reject(error))
  await Promise.race([ready(server.stdout), failed, exited.then(() => Promise.reject(new Error('redis-server ended')))])
  server.stdout.resume()
  return {
    url: `redis://127.0.0.1:${onPort}`,
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
