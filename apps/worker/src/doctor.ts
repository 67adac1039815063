import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError, loadWorkerConfig, type WorkerConfig } from '@bg-ingest/config'
import type { UserId } from '@bg-ingest/domain'
import { failureLine } from '@bg-ingest/process'
import { createErasureReceipts } from '@bg-ingest/security'
import { completeKeys } from './complete-keys.ts'
import { createWorkerContext, type WorkerContext } from './context.ts'
import { type DoctorArguments, HELP, readArguments } from './doctor-arguments.ts'
import { findErased, readReceipt } from './doctor-erased.ts'
import { exitCodeOf, type Report, renderTable } from './doctor-report.ts'
import { examineAll } from './doctor-rounds.ts'
import { createRepair } from './repair.ts'
import { UsageError } from './usage-error.ts'

const COULD_NOT_LOOK = 2

const isInteractive = process.stderr.isTTY
/** On a terminal one line that is written over; elsewhere nothing, so that a pipe holds the report alone. */
const progress = (line: string) => isInteractive && process.stderr.write(`\r${line}\u001b[K`)

/** Says whether a receipt is ours; needs the keys and asks nobody. */
function verify(config: WorkerConfig, text: string): number {
  const receipt = readReceipt(text)
  const isOurs = receipt !== null && createErasureReceipts(config.encryption.keys.reveal()).isAuthentic(receipt)
  console.log(
    isOurs ? `genuine: erasure ${receipt.erasure} of ${receipt.at}` : 'not a receipt that these keys have signed',
  )
  return isOurs ? 0 : 1
}

async function look(args: DoctorArguments, config: WorkerConfig, context: WorkerContext): Promise<Report> {
  const { ports, fleet, examine, hashUser, handlerNeeds } = context
  const { retentionDays } = handlerNeeds.history
  const signal = new AbortController().signal
  const { producer, schedules, registry } = fleet
  if (args.erased !== null) {
    const erase = async (userId: UserId) => {
      await producer.enqueue('disconnectUser', { v: 1, userId, erase: true, requestId: randomUUID() })
      return 'erasure asked for once more'
    }
    const connectedAt = async (userId: UserId) => (await ports.accounts.connection(userId))?.connectedAt ?? null
    const receipts = createErasureReceipts(config.encryption.keys.reveal())
    const needs = { receipts, registry, connectedAt, erase: args.repair ? erase : null, hashUser }
    return findErased(needs, await readFile(args.erased, 'utf8'))
  }
  const { pollIntervalMs } = config.sync
  const repair = createRepair({ ports, producer, schedules, pollIntervalMs, newId: randomUUID, signal })
  return examineAll(
    {
      ports,
      registry,
      examine,
      repair: args.repair ? repair : null,
      hashUser,
      retentionDays,
      dexcomDays: args.offline ? null : args.days,
      progress,
      signal,
    },
    args.user,
  )
}

async function run(): Promise<number> {
  const args = readArguments(process.argv.slice(2))
  if (args.help) {
    console.log(HELP)
    return 0
  }
  const config = await completeKeys(loadWorkerConfig(process.env))
  if (args.receipt !== null) return verify(config, args.receipt)
  // Lines of the log go to stderr: stdout is the report's alone.
  const write = (line: string) => void process.stderr.write(line)
  await using context = await createWorkerContext(config, new AbortController().signal, { write, publishes: false })
  const { missing } = await context.readiness()
  if (missing.length > 0) {
    console.error(`could not look: ${missing.join(', ')} cannot be reached`)
    return COULD_NOT_LOOK
  }
  const report = await look(args, config, context)
  // A grant that Dexcom has given exists nowhere else until it is stored.
  await context.ports.unbroken?.idle()
  if (isInteractive) process.stderr.write('\r\u001b[K')
  const { user } = args
  console.log(args.json ? JSON.stringify({ ...report, ...(user ? { userId: user } : {}) }) : renderTable(report, user))
  return exitCodeOf(report)
}

try {
  process.exitCode = await run()
} catch (err) {
  const told = err instanceof UsageError || err instanceof ConfigError
  console.error(told ? err.message : failureLine('could not look', err))
  process.exitCode = COULD_NOT_LOOK
}
