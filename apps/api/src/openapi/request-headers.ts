import * as z from 'zod'
import type { Route } from '../define-route.ts'
import { isConditional } from './answers.ts'

const described = (description: string) => z.string().optional().meta({ description })

const IfNoneMatch = {
  'If-None-Match': described('The `ETag` of the answer that you hold: 304 where nothing has changed since'),
}
const Prefer = { Prefer: described('`wait=<seconds>`, at most 30: answer once the sync has ended') }
const RequestId = {
  'X-Request-Id': described('Your own name of the call, 1 to 128 of `A-Z a-z 0-9 . _ -`; comes back in the answer'),
}
const Proofs = {
  'webhook-id': described("The delivery's own id, the same over all its tries"),
  'webhook-timestamp': described('Seconds since 1970, within 300 of our clock'),
}

/** The headers that an operation looks at, beside those of its security. They are checked where they are read. */
export function headersOf(spec: Route['spec']): { readonly header: z.ZodObject } {
  return {
    header: z.object({
      ...RequestId,
      ...(isConditional(spec) ? IfNoneMatch : {}),
      ...(spec.operationId === 'requestSync' ? Prefer : {}),
      ...(spec.access.kind === 'sender' ? Proofs : {}),
    }),
  }
}
