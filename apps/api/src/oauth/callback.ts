import { type AppError, UserId } from '@bg-ingest/domain'
import type { Request, RequestHandler, Response } from 'express'
import { requestIdOf } from '../middleware/request-id.ts'
import { PAGES, sendPage } from './pages.ts'
import { codeVerifier } from './pkce.ts'
import { clearStateCookie, cookieName, readCookie } from './state-cookie.ts'
import { type TicketStore, TOKEN_SHAPE } from './tickets.ts'

interface ConnectOutcome {
  readonly status: 'queued' | 'active' | 'completed' | 'failed'
  readonly error: { readonly code: string } | null
}

interface Needs {
  readonly tickets: Pick<TicketStore, 'take'>
  readonly hashToken: (token: string) => string
  readonly safeEqual: (a: string, b: string) => boolean
  readonly vault: { seal(userId: UserId, field: string, plain: string): Promise<string> }
  readonly queue: {
    requestConnect(request: {
      readonly userId: UserId
      readonly region: string
      readonly sealedCode: string
      readonly sealedVerifier?: string
      readonly requestId: string
    }): Promise<{ readonly jobId: string }>
  }
  readonly connects: { wait(userId: UserId, jobId: string, ms: number): Promise<ConnectOutcome | null> }
  readonly redirectUri: string
}

/** How long the person's browser waits for a worker to exchange the code. */
const WAIT_MS = 15_000
/** Keycloak's codes are about 120 characters; anything much longer is not a code. */
const CODE_LIMIT = 2048

/** Where Dexcom sends the person back. The state works once and only in the browser that began; the code leaves here encrypted. */
export const finishAuthorization =
  (needs: Needs): RequestHandler =>
  async (req, res) => {
    const state = queryText(req, 'state')
    const record = state && TOKEN_SHAPE.test(state) ? await needs.tickets.take('state', state) : null
    if (!state || !record) return sendPage(res, PAGES.expired)
    const name = cookieName(needs.hashToken(state))
    const secret = readCookie(req, name)
    clearStateCookie(res, name, needs.redirectUri)
    if (!secret || !needs.safeEqual(needs.hashToken(secret), record['browser'] ?? ''))
      return sendPage(res, PAGES.foreign)

    const code = queryText(req, 'code')
    if (!code || code.length > CODE_LIMIT) return sendPage(res, PAGES.denied)
    const outcome = await connect(needs, record, { code, secret }, requestIdOf(res))
    answer(res, outcome, record['returnTo'] ?? null)
  }

interface Granted {
  readonly code: string
  /** Of the browser's cookie. */
  readonly secret: string
}

async function connect(
  needs: Needs,
  record: Readonly<Record<string, string | null>>,
  { code, secret }: Granted,
  requestId: string,
) {
  const userId = UserId.parse(record['userId'])
  const seal = (field: string, plain: string) => needs.vault.seal(userId, field, plain)
  const sealedCode = await seal('oauth_code', code)
  // As the attempt began: the configuration may have changed since.
  const proof = record['pkce'] === 'S256' ? { sealedVerifier: await seal('oauth_verifier', codeVerifier(secret)) } : {}
  const region = record['region'] ?? 'default'
  const { jobId } = await needs.queue.requestConnect({ userId, region, sealedCode, ...proof, requestId })
  return needs.connects.wait(userId, jobId, WAIT_MS)
}

function answer(res: Response, outcome: ConnectOutcome | null, returnTo: string | null): void {
  const connected = outcome?.status === 'completed'
  if (connected && returnTo) leadOn(res, returnTo)
  else sendPage(res, connected ? PAGES.connected : pageWithout(outcome))
}

function leadOn(res: Response, returnTo: string): void {
  const url = new URL(returnTo)
  url.searchParams.set('connected', 'true')
  res.set('Cache-Control', 'no-store').redirect(302, url.href)
}

/** What to show where nobody is connected, or not yet. */
function pageWithout(outcome: ConnectOutcome | null) {
  if (outcome?.status !== 'failed') return PAGES.stillWorking
  return outcome.error?.code === 'wrong_account' ? PAGES.wrongAccount : PAGES.failed
}

const queryText = (req: Request, name: string): string | null => {
  const value = req.query[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** A browser gets a page, not problem+json. */
export const pageInsteadOf = (error: AppError, res: Response): void =>
  sendPage(res, error.status === 503 ? PAGES.unavailable : PAGES.failed)
