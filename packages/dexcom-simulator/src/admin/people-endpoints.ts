import { parseInstant, type Window } from '@bg-ingest/domain'
import * as z from 'zod'
import { EVER } from '../data/visible-records.ts'
import { jsonReply } from '../exchange.ts'
import { Quirks } from '../options/quirks.ts'
import { DataOptions, SimulatedUser } from '../users.ts'
import type { AdminInput } from './admin-endpoints.ts'
import { DONE, type HandlerEntry, NO_USER, withBody, withQuery } from './handler.ts'
import { TruthTypes, truthOf } from './truth.ts'

const Moment = z.string().transform((text, context) => {
  const instant = parseInstant(text)
  if (instant !== null) return Date.parse(instant)
  context.addIssue('must be an RFC 3339 instant with a zone')
  return z.NEVER
})
const TruthQuery = z.strictObject({
  user: z.string(),
  from: Moment.optional(),
  to: Moment.optional(),
  types: TruthTypes.optional(),
})
const OptionsChange = z.strictObject({ user: z.string(), options: DataOptions })
const QuirksChange = z.strictObject({ user: z.string(), quirks: Quirks })

/** The accounts of a region: who there is, what is true of them, how Dexcom tells it. */
export function peopleEndpoints({ people, view }: Pick<AdminInput, 'people' | 'view'>): HandlerEntry[] {
  const describeUsers = () =>
    people.list().map(({ name, kind, dexcomUserId, zone, device }) => ({ name, kind, dexcomUserId, zone, device }))
  return [
    ['GET /__sim/users', () => jsonReply(200, { users: describeUsers() })],
    [
      'POST /__sim/users',
      withBody(SimulatedUser, (user) =>
        people.add(user) ? jsonReply(201, { name: user.name }) : jsonReply(409, { error: 'name is taken' }),
      ),
    ],
    [
      'POST /__sim/options',
      withBody(OptionsChange, ({ user, options }) => (people.change(user, options) ? DONE : NO_USER)),
    ],
    [
      'POST /__sim/quirks',
      withBody(QuirksChange, ({ user, quirks }) => (people.setQuirks(user, quirks) ? DONE : NO_USER)),
    ],
    [
      'GET /__sim/truth',
      withQuery(TruthQuery, ({ user, from, to, types }) => {
        const account = people.get(user)
        if (!account) return NO_USER
        const span: Window = { fromMs: from ?? EVER.fromMs, toMs: to ?? EVER.toMs }
        return jsonReply(200, { user, dexcomUserId: account.dexcomUserId, ...truthOf(account, view(), span, types) })
      }),
    ],
  ]
}
