import { setTimeout as delay } from 'node:timers/promises'
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { AppError } from '@bg-ingest/domain'

/** Longest time that one try is under way. A lease stops calls 3 s before it ends: a try begun before then lands inside. */
const TRY_MS = 2_000
/** 50 ms, 100 ms … 1 s between them at most: 3.6 s of pauses in all, well beyond a burst of throttling. */
export const TRIES = 8
const PAUSE_MS = 50
const PAUSE_LIMIT_MS = 1_000

/** What DynamoDB refuses on its own account, not on the request's: trying again is right. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TransactionConflictException',
  // Clock or credentials were off; the SDK has set both right for the next try.
  'InvalidSignatureException',
  'RequestTimeTooSkewed',
  'ExpiredTokenException',
])

/**
 * Everything but a plain refusal: 5xx, throttling, timeouts, resets, and answers that cannot be read (cut off, or a
 * proxy's page). Of most of them nobody knows whether the write has happened, so each write bears a repeat.
 */
function isTransient(err: unknown): boolean {
  if (err instanceof AppError) return false
  if (err instanceof DynamoDBServiceException) return err.$fault === 'server' || THROTTLED.has(err.name)
  return true
}

/** Waits before the try with this number, the first being 0; full jitter, so that a fleet does not come back at once. */
export async function pauseBefore(attempt: number, random: () => number = Math.random): Promise<void> {
  if (attempt > 0) await delay(random() * Math.min(PAUSE_LIMIT_MS, PAUSE_MS * 2 ** attempt))
}

/**
 * The client with tries of our own in place of the SDK's (WRITE_LIMITS allows it one): `stillHeld` is asked before each
 * of them, and again before it is sent, so none begins once a lease is over, and none lasts longer than the lease leaves for it.
 * Of a steady client it makes another one: tries are never nested.
 */
export function steady(client: DynamoDBDocumentClient, stillHeld?: () => void): DynamoDBDocumentClient {
  const raw: DynamoDBDocumentClient = Reflect.get(client, UNDERLYING) ?? client
  const once = async (command: Command) => {
    if (stillHeld) askBeforeSending(command, stillHeld)
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), TRY_MS)
    try {
      return await raw.send(command, { abortSignal: abort.signal })
    } finally {
      clearTimeout(timer)
    }
  }
  const send = async (command: Command) => {
    for (let attempt = 0; ; attempt += 1) {
      await pauseBefore(attempt)
      stillHeld?.()
      try {
        return await once(command)
      } catch (err) {
        if (!isTransient(err) || attempt === TRIES - 1) throw err
      }
    }
  }
  return Object.assign(Object.create(client), { send, [UNDERLYING]: raw })
}

/**
 * Asks once more when all is built and signed. Those are milliseconds of CPU for a batch, and a process that was frozen in
 * them writes when it wakes: next to nothing is left between this and the socket.
 */
function askBeforeSending(command: Command, stillHeld: () => void): void {
  command.middlewareStack.add(
    (next) => (args) => {
      stillHeld()
      return next(args)
    },
    { step: 'deserialize', priority: 'low', name: 'askBeforeSending', override: true },
  )
}

const UNDERLYING = Symbol('the client whose calls are tried once')

type Command = Parameters<DynamoDBDocumentClient['send']>[0]
