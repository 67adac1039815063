import * as z from 'zod'
import { type Concern, concern } from './concern.ts'
import { oneOf, wholeNumber } from './fields.ts'

/** The oldest Node that runs what we ship: `using`, type stripping and got 16 (stack.md 1). */
const OLDEST_NODE = 24

/** What every process needs; `nodeVersion` as in process.versions.node. */
export const service = (nodeVersion: string) =>
  concern(
    z.object({ LOG_LEVEL: oneOf('error', 'warn', 'info', 'debug') }).transform((env) => ({ logLevel: env.LOG_LEVEL })),
    () =>
      Number.parseInt(nodeVersion, 10) >= OLDEST_NODE
        ? []
        : [{ name: 'NODE', detail: `must be ${OLDEST_NODE} or newer` }],
  )

/** How long a process may take to end its work after SIGTERM. */
export const shutdown: Concern<{ readonly graceMs: number }> = concern(
  z
    .object({ SHUTDOWN_GRACE_SECONDS: wholeNumber({ min: 1, max: 600 }) })
    .transform((env) => ({ graceMs: env.SHUTDOWN_GRACE_SECONDS * 1000 })),
)
