import { AppError } from '@bg-ingest/domain'
import { exchange } from './exchange.ts'
import { readyOrStopped, type ServiceProcess, startServiceProcess } from './service-process.ts'

/** Measured: 10 ms. */
const READY_WITHIN_MS = 10_000

/** The protocol's NAMES_REQ: length 1, 'n'. The answer begins with the mapper's own port in four bytes. */
const NAMES_REQUEST = Buffer.from([0, 1, 0x6e])
const PORT_BYTES = 4

interface EpmdOptions {
  readonly command: string
  readonly port: number
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal | undefined
}

/**
 * Starts Erlang's port mapper in the foreground. Left to itself, RabbitMQ would share the machine's one on 4369 or start a daemon
 * there, which stays for ever because nobody knows its pid.
 */
export async function startEpmd({ command, port, dir, env, signal }: EpmdOptions): Promise<ServiceProcess> {
  const args = ['-address', '127.0.0.1', '-port', `${port}`]
  const epmd = await startServiceProcess({ name: 'epmd', command, args, dir, env, stopWithinMs: 2000 })
  const isUp = () => exchange(port, NAMES_REQUEST, (bytes) => bytes.length >= PORT_BYTES)
  await readyOrStopped(epmd, () => epmd.untilReady(isUp, READY_WITHIN_MS, signal)).catch((err: unknown) => {
    // It ends without a word, as if all were well, when something listens on its port already.
    if (err instanceof AppError && err.message.startsWith('epmd ended (exit code 0)')) {
      throw new AppError('service_unavailable', 'epmd ended: address already in use', { cause: err })
    }
    throw err
  })
  return epmd
}
