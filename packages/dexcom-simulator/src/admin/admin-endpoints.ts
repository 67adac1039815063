import { parseInstant, type Window } from '@bg-ingest/domain'
import * as z from 'zod'
import type { Accounts } from '../accounts.ts'
import type { VirtualClock } from '../clock.ts'
import { EVER, type View } from '../data/visible-records.ts'
import { ENDPOINTS, type Exchange, jsonReply, type Reply } from '../exchange.ts'
import type { Grants } from '../oauth/grants.ts'
import { SimulatedUser } from '../users.ts'
import { FaultRule, type Faults } from './faults.ts'
import type { Journal } from './journal.ts'
import type { Manners } from './manners.ts'
import { trueReadings } from './truth.ts'

export interface AdminInput {
  readonly accounts: Accounts
  readonly clock: VirtualClock
  readonly grants: Pick<Grants, 'revoke' | 'expireAccessTokens'>
  readonly journal: Journal
  readonly manners: Manners
  readonly faults: Faults
  readonly view: () => View
}

const JournalQuery = z.strictObject({
  user: z.string().optional(),
  endpoint: z.enum(ENDPOINTS).optional(),
  after: z.coerce.number().int().min(0).optional(),
})

const Moment = z.string().transform((text, context) => {
  const instant = parseInstant(text)
  if (instant !== null) return Date.parse(instant)
  context.addIssue('must be an RFC 3339 instant with a zone')
  return z.NEVER
})
const TruthQuery = z.strictObject({ user: z.string(), from: Moment.optional(), to: Moment.optional() })

const ClockChange = z
  .strictObject({
    advanceMs: z.number().int().optional(),
    setMs: z.number().int().optional(),
    // At most 1,000 days a second: beyond that, now() loses its milliseconds.
    speed: z.number().min(0).max(86_400_000).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'needs advanceMs, setMs or speed')

const OfUser = z.strictObject({ user: z.string() })
const OfAnyUser = z.strictObject({ user: z.string().optional() })

type Handler = (exchange: Exchange) => Reply

const DONE: Reply = { status: 204 }

/** Everything under /__sim: `METHOD /path` -> handler. It is the tester's side door and no part of Dexcom. */
export function adminHandlers(input: AdminInput): ReadonlyMap<string, Handler> {
  const { accounts, clock, grants, journal, manners, faults, view } = input
  const clockState = () => ({ now: new Date(clock.now()).toISOString(), nowMs: clock.now(), speed: clock.speed() })
  const describeUsers = () =>
    accounts.list().map(({ name, kind, dexcomUserId, zone, device }) => ({ name, kind, dexcomUserId, zone, device }))

  return new Map<string, Handler>([
    ['GET /__sim/users', () => jsonReply(200, { users: describeUsers() })],
    [
      'POST /__sim/users',
      withBody(SimulatedUser, (user) =>
        accounts.add(user) ? jsonReply(201, { name: user.name }) : jsonReply(409, { error: 'name is taken' }),
      ),
    ],
    ['GET /__sim/journal', withQuery(JournalQuery, (filter) => jsonReply(200, { entries: journal.list(filter) }))],
    [
      'DELETE /__sim/journal',
      () => {
        journal.clear()
        manners.clear()
        return DONE
      },
    ],
    ['GET /__sim/manners', () => jsonReply(200, manners.report())],
    [
      'GET /__sim/truth',
      withQuery(TruthQuery, ({ user, from, to }) => {
        const account = accounts.get(user)
        if (!account) return NO_USER
        const span: Window = { fromMs: from ?? EVER.fromMs, toMs: to ?? EVER.toMs }
        return jsonReply(200, {
          user,
          dexcomUserId: account.dexcomUserId,
          readings: trueReadings(account, view(), span),
        })
      }),
    ],
    ['GET /__sim/clock', () => jsonReply(200, clockState())],
    [
      'POST /__sim/clock',
      withBody(ClockChange, ({ advanceMs, setMs, speed }) => {
        if (setMs !== undefined) clock.set(setMs)
        if (advanceMs !== undefined) clock.advance(advanceMs)
        if (speed !== undefined) clock.setSpeed(speed)
        return jsonReply(200, clockState())
      }),
    ],
    [
      'POST /__sim/revoke',
      withBody(OfUser, ({ user }) =>
        accounts.get(user) ? jsonReply(200, { sessions: grants.revoke(user) }) : NO_USER,
      ),
    ],
    [
      'POST /__sim/expire-access-tokens',
      withBody(OfAnyUser, ({ user }) =>
        user === undefined || accounts.get(user)
          ? jsonReply(200, { tokens: grants.expireAccessTokens(user) })
          : NO_USER,
      ),
    ],
    ['GET /__sim/faults', () => jsonReply(200, { faults: faults.list() })],
    [
      'POST /__sim/faults',
      withBody(FaultRule, (rule) => {
        faults.add(rule)
        return jsonReply(201, rule)
      }),
    ],
    [
      'DELETE /__sim/faults',
      () => {
        faults.clear()
        return DONE
      },
    ],
  ])
}

const NO_USER = jsonReply(404, { error: 'no such user' })

function withQuery<T>(schema: z.ZodType<T>, handle: (query: T) => Reply): Handler {
  return ({ query }) => checked(schema, Object.fromEntries(query), handle)
}

function withBody<T>(schema: z.ZodType<T>, handle: (body: T) => Reply): Handler {
  return ({ body }) => {
    let given: unknown
    try {
      given = body === '' ? {} : JSON.parse(body)
    } catch {
      return jsonReply(400, { error: 'the body is not JSON' })
    }
    return checked(schema, given, handle)
  }
}

function checked<T>(schema: z.ZodType<T>, given: unknown, handle: (value: T) => Reply): Reply {
  const parsed = schema.safeParse(given)
  return parsed.success ? handle(parsed.data) : jsonReply(400, { error: z.prettifyError(parsed.error) })
}
