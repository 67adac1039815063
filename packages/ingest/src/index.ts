export { applyRetention, isRetentionDue, type RetentionOptions } from './apply-retention.ts'
export { type CompareOptions, compareRecent } from './compare-recent.ts'
export { type ConfigureRequest, configureUser } from './configure-user.ts'
export { type ConnectRequest, connectUser } from './connect-user.ts'
export type { Connection, SealedTokens } from './connection.ts'
export { type Diff, type Difference, diffReadings } from './diff.ts'
export { disconnectUser } from './disconnect-user.ts'
export { ERASING, eraseLateWrites, eraseUser, keepReceipt, sweepErased } from './erase-user.ts'
export type { NumberedKey } from './examine-sequences.ts'
export { type Examined, type ExamineOptions, examineUser, type Inspector, type Snapshot } from './examine-user.ts'
export { FINDINGS, type Finding, type FindingKind, found } from './findings.ts'
export { failHistory, type HistoryOptions, importHistory } from './import-history.ts'
export { ingestPush, type PushOutcome, type PushRequest } from './ingest-push.ts'
export { keepLatest } from './keep-latest.ts'
export type { LatestEntries, LatestEntry } from './latest-entries.ts'
export type { Outbox } from './outbox.ts'
export { parkUser } from './park-user.ts'
export type {
  AccountStore,
  Dexcom,
  DexcomCall,
  Fetched,
  Grant,
  Observer,
  OutgoingEvent,
  Ports,
  Publisher,
  ReadingStore,
  SeenDigest,
  SeenDigests,
} from './ports.ts'
export type { ProblemCode } from './problems.ts'
export { type Publication, publishChanges } from './publish-changes.ts'
export { type ReconcileOptions, reconcileUser } from './reconcile-user.ts'
export { type Republished, republishChanges } from './republish-changes.ts'
export { type Resealed, resealGrant } from './reseal-grant.ts'
export { restartHistory } from './restart-history.ts'
export type { Erasure, History, SyncState } from './state.ts'
export { type SyncOptions, type SyncOutcome, type SyncRequest, syncUser } from './sync-user.ts'
export { tellFailed } from './tell-failed.ts'
export { TOKEN_RULES, type TokenRules } from './token-rules.ts'
export { tokenTimes } from './token-timing.ts'
export { createUnbroken, type Unbroken } from './unbroken.ts'
