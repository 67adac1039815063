import * as z from 'zod'
import { type Exchange, jsonReply, type Reply } from '../exchange.ts'

export type Handler = (exchange: Exchange) => Reply | Promise<Reply>
/** `METHOD /__sim/path` and what answers there. */
export type HandlerEntry = readonly [string, Handler]

export const DONE: Reply = { status: 204 }
export const NO_USER = jsonReply(404, { error: 'no such user' })

export const OfUser = z.strictObject({ user: z.string() })
export const OfAnyUser = z.strictObject({ user: z.string().optional() })

/** Checks the query by a schema; 400 with what is wrong where it does not fit. */
export function withQuery<T>(schema: z.ZodType<T>, handle: (query: T) => Reply | Promise<Reply>): Handler {
  return ({ query }) => checked(schema, Object.fromEntries(query), handle)
}

/** Checks the JSON body, `{}` where there is none; 400 with what is wrong where it does not fit. */
export function withBody<T>(schema: z.ZodType<T>, handle: (body: T) => Reply | Promise<Reply>): Handler {
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

function checked<T>(schema: z.ZodType<T>, given: unknown, handle: (value: T) => Reply | Promise<Reply>) {
  const parsed = schema.safeParse(given)
  return parsed.success ? handle(parsed.data) : jsonReply(400, { error: z.prettifyError(parsed.error) })
}
