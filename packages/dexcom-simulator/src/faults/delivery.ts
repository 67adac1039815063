import type { ServerResponse } from 'node:http'
import type { Dice } from '../dice.ts'
import type { Exchange, Reply } from '../exchange.ts'

/** A request on its way to an answer, and what a fault may do with it. */
export interface Delivery {
  readonly exchange: Exchange
  readonly response: ServerResponse
  /** The simulator's stop. */
  readonly signal: AbortSignal
  readonly dice: Dice
  /** The true answer; the request has its effect, once. */
  readonly answer: () => Reply
  /** Notes the answer in the books, then sends it. */
  readonly send: (reply: Reply, isTrue?: boolean) => Promise<void>
  /** Closes the books of an answer that is sent by hand; before its last byte. */
  readonly close: (status: number) => void
}

/** The body of a reply in one piece. */
export function wholeBody({ body = '' }: Reply): string {
  if (typeof body === 'string') return body
  if (Buffer.isBuffer(body)) return body.toString('utf8')
  let text = ''
  for (const piece of body) text += typeof piece === 'string' ? piece : piece.toString('utf8')
  return text
}
