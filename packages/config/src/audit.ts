import * as z from 'zod'
import { concern } from './concern.ts'
import { text, wholeNumber } from './fields.ts'

/** Where a process writes its audit records besides the accounts table; null for stdout. */
export const auditLog = concern(
  z
    .object({ AUDIT_LOG_FILE: text.startsWith('/', 'must be an absolute path').optional() })
    .transform((env) => ({ file: env.AUDIT_LOG_FILE ?? null })),
)

/** How long the accounts table keeps audit records; 0 for ever. */
export const auditRetention = concern(
  z
    .object({ AUDIT_RETENTION_DAYS: wholeNumber({ min: 0, max: 36_500 }) })
    .transform((env) => ({ days: env.AUDIT_RETENTION_DAYS })),
)
