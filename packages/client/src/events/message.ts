import type { Change } from '../contract.ts'

/** `readings.changed`: every change of the closed range, but for those that a later one superseded. */
export interface ReadingsChanged {
  readonly userId: string
  readonly fromSequence: number
  readonly toSequence: number
  readonly changes: readonly Change[]
}

export type ServiceMessage =
  | { readonly kind: 'changed'; readonly id: string; readonly range: ReadingsChanged }
  | { readonly kind: 'erased'; readonly id: string; readonly userId: string; readonly at: string }
  /** Of a type that this consumer has no use for. */
  | { readonly kind: 'other' }

const CHANGED = 'io.bg-ingest.readings.changed.v1'
const ERASED = 'io.bg-ingest.user.erased.v1'

/** Reads the body of a message. Throws where it is none of this service: trying again does not help then. */
export function readMessage(body: Buffer): ServiceMessage {
  const { id, type, data } = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  if (type !== CHANGED && type !== ERASED) return { kind: 'other' }
  const { userId, fromSequence, toSequence, changes, at } = data as Record<string, unknown>
  if (typeof id !== 'string' || typeof userId !== 'string') throw new TypeError('an event without id or person')
  if (type === ERASED) return { kind: 'erased', id, userId, at: String(at) }
  const isRange = Number.isSafeInteger(fromSequence) && Number.isSafeInteger(toSequence) && Array.isArray(changes)
  if (!isRange) throw new TypeError('an event without a range')
  return { kind: 'changed', id, range: data as ReadingsChanged }
}
