export type { AuditKey } from './chain.ts'
export type { AuditEvent } from './entry.ts'
export { type OpenTrailOptions, openAuditTrail } from './open-trail.ts'
export { type ReadLine, readAuditLines } from './read-lines.ts'
export { type AuditBatch, type AuditTrail, type AuditTrailOptions, createAuditTrail } from './trail.ts'
export {
  type AuditFault,
  type AuditReport,
  type AuditSource,
  type FaultKind,
  verifyAudit,
  type WriterSummary,
} from './verify.ts'
