import { type DynamodbEngine, dynalite, findDynamodbLocal } from './dynamodb-engine.ts'
import { exchange } from './exchange.ts'
import { onFreePorts } from './free-ports.ts'
import type { BackendOptions, RunningBackend } from './local-stack.ts'
import { readyOrStopped, startServiceProcess } from './service-process.ts'

/** Measured: 2.4 to 6.2 s on two busy cores. */
const READY_WITHIN_MS = 60_000

export interface DynamodbOptions extends BackendOptions {
  /** Default: DynamoDB Local where it can run, else dynalite. */
  readonly engine?: DynamodbEngine
}

/** DynamoDB Local answers a bare GET with 400 (no token), dynalite with 200: both are up. */
async function answersHttp(port: number): Promise<boolean | undefined> {
  const answer = await exchange(port, 'GET / HTTP/1.0\r\n\r\n', (bytes) => bytes.length >= 'HTTP/1.1 200'.length)
  return /^HTTP\/1\.[01] (200|400)/.test(answer?.toString('latin1') ?? '') ? true : undefined
}

/** Starts an in-memory DynamoDB; nothing in it outlives the process. Throws when it does not come up. */
export async function startDynamodb(options: DynamodbOptions): Promise<RunningBackend> {
  const { env, dir, signal } = options
  const engine = options.engine ?? (await findDynamodbLocal(env)) ?? dynalite()
  return onFreePorts(['port'], options.port === undefined ? {} : { port: options.port }, async ({ port }) => {
    const database = await startServiceProcess({
      name: engine.name,
      command: engine.command,
      args: engine.args(port, dir),
      dir,
      ...(engine.cwd === undefined ? {} : { cwd: engine.cwd }),
      env,
      stopWithinMs: 5000,
    })
    await readyOrStopped(database, () => database.untilReady(() => answersHttp(port), READY_WITHIN_MS, signal))
    return { name: engine.name, url: `http://127.0.0.1:${port}`, port, pid: database.pid, stop: database.stop }
  })
}
