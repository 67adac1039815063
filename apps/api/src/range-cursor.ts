import { Instant, READING_TYPES, type UserId } from '@bg-ingest/domain'
import * as z from 'zod'

/** Where a page of a range ended, and which range: a cursor goes on with its own query, never with another. */
const Position = z.strictObject({
  from: Instant,
  to: Instant,
  order: z.enum(['asc', 'desc']),
  types: z.array(z.enum(READING_TYPES)).nonempty(),
  after: z.string(),
})
export type Position = z.infer<typeof Position>

export interface CursorCodec {
  encode(binding: string, payload: string): string
  decode(binding: string, cursor: string): string | null
}

const bindingOf = (userId: UserId) => `range:${userId}`

export const encodePosition = (codec: CursorCodec, userId: UserId, position: Position): string =>
  codec.encode(bindingOf(userId), JSON.stringify(position))

/** Null for a cursor that is forged, another person's, or of a version of this service that wrote it differently. */
export function decodePosition(codec: CursorCodec, userId: UserId, cursor: string): Position | null {
  const payload = codec.decode(bindingOf(userId), cursor)
  return payload === null ? null : (Position.safeParse(JSON.parse(payload)).data ?? null)
}
