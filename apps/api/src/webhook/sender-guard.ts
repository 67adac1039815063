import { AppError } from '@bg-ingest/domain'
import { type Caller, isAuthentic } from '@bg-ingest/security'
import type { Metrics, WebhookOutcome } from '@bg-ingest/telemetry'
import express, { type Request, type RequestHandler } from 'express'
import type { Failures } from '../limits/failures.ts'
import type { Verifier } from '../middleware/authorize.ts'

interface Needs extends SenderProofs {
  readonly failures: Failures
  readonly perSender: RequestHandler
  readonly metrics: Pick<Metrics, 'webhook'>
}

export interface SenderProofs {
  /** Verifies the sender's token, with the webhook's own audience. */
  readonly verifier: Verifier
  /** Null where none is configured: the webhook then answers 503 wherever a signature is demanded. */
  readonly secrets: readonly Uint8Array[] | null
  readonly auth: 'signature+jwt' | 'signature' | 'jwt'
  /** Epoch milliseconds. */
  readonly now: () => number
}

const BODY_LIMIT = '256kb'
const SENDER_SCOPE = 'bg:webhook'
/** A sender who cannot be verified for want of a secret is told to come back: an operator has to act first. */
const UNCONFIGURED_RETRY_MS = 3_600_000
const PROOF_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'authorization'] as const

/**
 * What stands before the webhook: the body is read as bytes, verified, and only then parsed. 401 does not say which
 * proof failed, and nothing of the person has been looked up by then.
 */
export function guardSender({ failures, perSender, metrics, ...proofs }: Needs): readonly RequestHandler[] {
  return [
    countRefusals(metrics),
    express.raw({ type: () => true, limit: BODY_LIMIT }),
    verifySender(proofs, failures),
    perSender,
    parseBody,
  ]
}

const REFUSED: Readonly<Record<number, WebhookOutcome>> = {
  401: 'unauthorized',
  403: 'forbidden',
  409: 'not_connected',
  429: 'unavailable',
  500: 'unavailable',
  503: 'unavailable',
}

/** What was accepted is counted where it is known whether it was a duplicate. */
const countRefusals =
  (metrics: Needs['metrics']): RequestHandler =>
  (_req, res, next) => {
    res.once('finish', () => {
      if (res.statusCode >= 400) metrics.webhook(REFUSED[res.statusCode] ?? 'invalid')
    })
    next()
  }

const verifySender =
  (proofs: SenderProofs, failures: Failures): RequestHandler =>
  async (req, res, next) => {
    refuseRepeatedHeaders(req)
    // Both are asked before either is answered, so that the time taken does not tell which one failed.
    const signed = proofs.auth === 'jwt' || isSigned(req, proofs)
    const caller = proofs.auth === 'signature' ? null : await callerOf(req, proofs.verifier)
    if (!signed || caller === undefined) {
      await failures.count(req.ip)
      throw new AppError('unauthorized', 'This delivery is not proven to be authentic')
    }
    if (caller && !caller.scopes.has(SENDER_SCOPE)) throw new AppError('forbidden', 'This token does not allow this')
    res.locals['sender'] = caller?.sub ?? req.ip
    next()
  }

/** A token that is no good is one more proof that failed; keys that cannot be fetched are our own trouble. */
const callerOf = (req: Request, verifier: Verifier): Promise<Caller | undefined> =>
  verifier.verify(req.get('authorization')).catch((err: unknown) => {
    if (AppError.from(err).code !== 'unauthorized') throw err
    return undefined
  })

function isSigned(req: Request, { secrets, now }: SenderProofs): boolean {
  if (!secrets)
    throw new AppError('service_unavailable', 'No webhook secret is configured', {
      retryAfterMs: UNCONFIGURED_RETRY_MS,
    })
  const delivery = {
    id: req.get('webhook-id'),
    timestamp: req.get('webhook-timestamp'),
    signature: req.get('webhook-signature'),
    body: bytesOf(req),
  }
  return isAuthentic(delivery, secrets, now())
}

/** Node joins repeated headers or drops one; whoever looked at them before us may have seen another one than we do. */
function refuseRepeatedHeaders(req: Request): void {
  const repeated = PROOF_HEADERS.filter((name) => (req.headersDistinct[name]?.length ?? 0) > 1)
  if (repeated.length === 0) return
  const errors = repeated.map((pointer) => ({ pointer, detail: 'must come once' }))
  throw new AppError('invalid_request', 'A header of the proof came twice', { errors })
}

/** `express.raw` leaves an absent body undefined. */
const bytesOf = (req: Request): Uint8Array => (req.body instanceof Uint8Array ? req.body : new Uint8Array())

const parseBody: RequestHandler = (req, _res, next) => {
  const bytes = bytesOf(req)
  if (!req.is('application/json')) throw new AppError('unsupported_media_type', 'Bodies are application/json')
  try {
    req.body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new AppError('invalid_request', 'The body is not JSON in UTF-8', {
      errors: [{ pointer: '', detail: 'must be JSON' }],
    })
  }
  next()
}
