import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@bg-ingest/domain'
import { startEpmd } from './epmd.ts'
import { exchange } from './exchange.ts'
import { findExecutable, searchPath } from './find-executable.ts'
import { onFreePorts } from './free-ports.ts'
import type { BackendOptions, RunningBackend } from './local-stack.ts'
import { readyOrStopped, startServiceProcess } from './service-process.ts'

/** Measured: 4 to 10 s on two busy cores. */
const READY_WITHIN_MS = 60_000
/** Measured: 1.1 s; a broker with open connections and queues needs longer. */
const STOP_WITHIN_MS = 10_000

/** Debian's /usr/sbin/rabbitmq-server is a wrapper that changes to the user rabbitmq; the script it calls lies here. */
const SCRIPT_FOLDERS = ['/usr/lib/rabbitmq/bin']

const PROTOCOL_HEADER = Buffer.from([...Buffer.from('AMQP'), 0, 0, 9, 1])
/** type 1 + channel 2 + size 4, then the payload, then the end mark */
const FRAME_HEADER_BYTES = 7
const FRAME_END_BYTES = 1

export interface RabbitmqBinaries {
  readonly server: string
  readonly epmd: string
}

export interface RunningRabbitmq extends RunningBackend {
  /** Environment in which `rabbitmqctl` reaches this broker. */
  readonly controlEnv: Readonly<Record<string, string>>
}

export async function findRabbitmq(env: NodeJS.ProcessEnv): Promise<RabbitmqBinaries | undefined> {
  const server = await findExecutable('rabbitmq-server', env, SCRIPT_FOLDERS)
  const epmd = await findExecutable('epmd', env)
  return server === undefined || epmd === undefined ? undefined : { server, epmd }
}

/** A long string in an AMQP table: key, type S, length in four bytes, value. */
function tableString(table: Buffer, key: string): string | undefined {
  const at = table.indexOf(`${key}S`)
  if (at < 0) return undefined
  const from = at + key.length + 1
  return table.subarray(from + 4, from + 4 + table.readUInt32BE(from)).toString('utf8')
}

/**
 * Its version, once the node of that name greets with Connection.Start: the port itself opens earlier. The node is known by its
 * default cluster name, which begins like the node's but ends in the machine's host name.
 */
async function greetsAs(port: number, nodePrefix: string): Promise<string | undefined> {
  const frame = await exchange(port, PROTOCOL_HEADER, (bytes) => {
    if (bytes.length < FRAME_HEADER_BYTES) return false
    return bytes.length >= FRAME_HEADER_BYTES + bytes.readUInt32BE(3) + FRAME_END_BYTES
  })
  if (frame === undefined || !tableString(frame, 'cluster_name')?.startsWith(nodePrefix)) return undefined
  return tableString(frame, 'version') ?? ''
}

function brokerVariables(dir: string, node: string, ports: { readonly [K in 'port' | 'dist' | 'epmd']: number }) {
  return {
    // The Erlang cookie lies here.
    HOME: dir,
    ERL_EPMD_PORT: `${ports.epmd}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: node,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: `${ports.port}`,
    RABBITMQ_DIST_PORT: `${ports.dist}`,
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: dir,
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(dir, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    // Neither /etc/rabbitmq/rabbitmq-env.conf nor rabbitmq.conf of this machine.
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(dir, 'advanced.config'),
    // Lets the script become beam.smp instead of waiting beside it, so that our pid is the broker's; -noinput is what it then leaves out.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_START_ARGS: '-noinput',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  }
}

/**
 * Starts a RabbitMQ of its own on 127.0.0.1: own node name, ports, port mapper, data and cookie, as root or not.
 * Throws when it is not installed or does not come up.
 */
export async function startRabbitmq(options: BackendOptions): Promise<RunningRabbitmq> {
  const { env, dir, signal } = options
  const binaries = await findRabbitmq(env)
  if (binaries === undefined) throw new AppError('service_unavailable', 'rabbitmq-server is not on this machine')
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'enabled_plugins'), '[].\n')
  // The data belong to the node's name, so it must be the same at a second start in the same folder.
  const nodePrefix = `bg-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}@`
  const fixed = options.port === undefined ? {} : { port: options.port }

  return onFreePorts(['port', 'dist', 'epmd'], fixed, async (ports) => {
    const epmd = await startEpmd({ command: binaries.epmd, port: ports.epmd, dir: join(dir, 'epmd'), env, signal })
    return readyOrStopped(epmd, async () => {
      const variables = brokerVariables(dir, `${nodePrefix}localhost`, ports)
      const broker = await startServiceProcess({
        name: 'rabbitmq-server',
        command: binaries.server,
        args: [],
        dir,
        env,
        variables,
        stopWithinMs: STOP_WITHIN_MS,
      })
      const version = await readyOrStopped(broker, () =>
        broker.untilReady(() => greetsAs(ports.port, nodePrefix), READY_WITHIN_MS, signal),
      )
      return {
        name: `rabbitmq-server ${version}`.trim(),
        url: `amqp://guest:guest@127.0.0.1:${ports.port}`,
        port: ports.port,
        pid: broker.pid,
        controlEnv: { PATH: searchPath(env), LANG: 'C.UTF-8', ...variables },
        stop: () => broker.stop().finally(epmd.stop),
      }
    })
  })
}
