import { AppError, Instant, toInstant } from '@bg-ingest/domain'
import * as z from 'zod'
import { defineRoute } from '../define-route.ts'
import { startPath, TICKET_TTL_MS, type TicketStore } from '../oauth/tickets.ts'
import { UserParams } from '../parameters.ts'

interface Needs {
  readonly tickets: Pick<TicketStore, 'put'>
  readonly newToken: () => string
  readonly now: () => number
  readonly regions: readonly { readonly name: string }[]
  readonly redirectUri: string
  /** Origins that a person may be sent back to. */
  readonly returnToOrigins: ReadonlySet<string>
}

const Body = z.strictObject({ region: z.string().optional(), returnTo: z.string().max(2048).optional() }).optional()

const Authorization = z.strictObject({ authorizationUrl: z.string(), expiresAt: Instant }).meta({ id: 'Authorization' })

export const createConnection = (needs: Needs) =>
  defineRoute(
    {
      operationId: 'createConnection',
      method: 'post',
      path: '/api/bg/{userId}/connection',
      summary: "A one-time address for the person's browser, where they allow us to read their Dexcom data",
      access: { kind: 'owner', scope: 'bg:connect' },
      params: UserParams,
      query: z.strictObject({}),
      body: Body,
      responses: { 201: Authorization },
      errors: [],
    },
    async ({ params: { userId }, body }) => {
      const region = body?.region ?? 'default'
      if (!needs.regions.some(({ name }) => name === region))
        throw badField('/region', 'is not a region of this service')
      const returnTo = allowedReturn(body?.returnTo, needs.returnToOrigins)
      const ticket = needs.newToken()
      await needs.tickets.put('start', ticket, { userId, region, returnTo }, TICKET_TTL_MS)
      const authorizationUrl = new URL(startPath(ticket), needs.redirectUri).href
      const expiresAt = toInstant(needs.now() + TICKET_TTL_MS)
      return { status: 201, body: { authorizationUrl, expiresAt }, headers: { 'Cache-Control': 'no-store' } }
    },
  )

function allowedReturn(returnTo: string | undefined, origins: ReadonlySet<string>): string | null {
  if (returnTo === undefined) return null
  const url = URL.canParse(returnTo) ? new URL(returnTo) : null
  if (!url || !origins.has(url.origin)) throw badField('/returnTo', 'is not an address that this service may lead to')
  return url.href
}

const badField = (pointer: string, detail: string) =>
  new AppError('invalid_request', 'The request does not match the contract', { errors: [{ pointer, detail }] })
