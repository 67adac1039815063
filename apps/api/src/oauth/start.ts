import { authorizeUrl } from '@bg-ingest/dexcom-contract'
import type { RequestHandler } from 'express'
import { PAGES, sendPage } from './pages.ts'
import { codeChallenge, codeVerifier } from './pkce.ts'
import { cookieName, setStateCookie } from './state-cookie.ts'
import { TICKET_TTL_MS, type TicketStore, TOKEN_SHAPE } from './tickets.ts'

interface Needs {
  readonly tickets: TicketStore
  readonly newToken: () => string
  readonly hashToken: (token: string) => string
  readonly regions: readonly { readonly name: string; readonly baseUrl: string; readonly clientId: string }[]
  readonly redirectUri: string
  readonly pkce: boolean
}

/** Spends a one-time address: remembers who is connecting, ties it to this browser, and leads to Dexcom. */
export const startAuthorization =
  ({ tickets, newToken, hashToken, regions, redirectUri, pkce }: Needs): RequestHandler<{ ticket: string }> =>
  async (req, res) => {
    const { ticket } = req.params
    const record = TOKEN_SHAPE.test(ticket) ? await tickets.take('start', ticket) : null
    const region = regions.find(({ name }) => name === record?.['region'])
    if (!record || !region) return sendPage(res, PAGES.expired)

    const state = newToken()
    const secret = newToken()
    const challenge = pkce ? { codeChallenge: codeChallenge(codeVerifier(secret)) } : {}
    const attempt = { ...record, browser: hashToken(secret), pkce: pkce ? 'S256' : null }
    await tickets.put('state', state, attempt, TICKET_TTL_MS)
    setStateCookie(res, cookieName(hashToken(state)), secret, redirectUri)
    const { baseUrl, clientId } = region
    res.set('Cache-Control', 'no-store').set('Referrer-Policy', 'no-referrer')
    res.redirect(302, authorizeUrl({ baseUrl, clientId, redirectUri, state, ...challenge }))
  }
