export {
  type BgIngestClient,
  type ClientOptions,
  createClient,
  type Latest,
  type LatestOptions,
  type SyncOptions,
} from './client.ts'
export type {
  Authorization,
  Change,
  ChangePage,
  Connection,
  CreateConnectionBody,
  DisconnectAccepted,
  Freshness,
  LatestReading,
  PatchConnectionBody,
  Reading,
  ReadingPage,
  SyncStatus,
} from './contract.ts'
export type { ChangesQuery, ReadingsQuery } from './pages.ts'
export { BgIngestError, type ErrorCode } from './problem.ts'
export type { Signalled } from './request.ts'
export type { RetryOptions } from './retry.ts'
