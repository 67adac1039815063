export type { Queue } from 'bullmq'
export type { Redis } from 'ioredis'
export type { AcceptedWebhook, WebhookDelivery } from './accept-webhook.ts'
export { leaseDelayMs, pauseMs, retryDelayMs } from './backoff.ts'
export { type ConsumerOptions, type Consumers, createConsumers, type SetAside } from './consumers.ts'
export { QUEUES, type QueueName } from './define-job.ts'
export { type QueueDepth, queueDepths } from './depths.ts'
export { type Failure, failedReason, parseFailure } from './failure.ts'
export { forgetTraces } from './forget-traces.ts'
export { forgetUser } from './forget-user.ts'
export { firstJobId, followUpOf, isJobId, predecessorOf } from './job-id.ts'
export { createJobReader, type JobReader, type JobReaderOptions } from './job-reader.ts'
export { hasEnded, type JobStatus, type StoredJob, toJobStatus } from './job-status.ts'
export {
  definitionOf,
  JOB_KEYS,
  type JobData,
  type JobInput,
  type JobKey,
  jobs,
  type SyncRange,
  type SyncTrigger,
} from './jobs.ts'
export type { EntrySealer, OpenedEntry, StoredEntry } from './latest-codec.ts'
export { createLatestEntries, type LatestEntries } from './latest-entries.ts'
export { createLatestReader, type LatestReader } from './latest-reader.ts'
export { createLeadership, type Leadership, type LeadershipOptions } from './leadership.ts'
export { createOutboxTally, type OutboxTally } from './outbox-tally.ts'
export { createParkedJobs, type ParkedJob, type ParkedJobs } from './parked-jobs.ts'
export type { JobContext, JobHandlers, OnGaveUp, OnPoison } from './process-job.ts'
export { createProducer, type JobProducer, type ProducerOptions } from './producer.ts'
export type { Progress, QueueProgress } from './progress.ts'
export { type OpenQueues, openQueues, type QueueOptions, type Queues } from './queues.ts'
export { type ConnectionListener, connectForRequests, connectForWork } from './redis.ts'
export { unfitness } from './redis-fitness.ts'
export type { RequestedJob, SyncRequest } from './request-sync.ts'
export { createRestoreMarker, type RestoreMarker } from './restore-marker.ts'
export { createRoundCounter, type RoundCounter } from './round-counter.ts'
export type { ScheduleFault } from './schedule-faults.ts'
export { createSchedules, type Schedule, type Schedules, type SchedulesOptions } from './schedules.ts'
export { createSeenDigests, type SeenDigests, type StoredDigest } from './seen-digests.ts'
export { startNow } from './start-now.ts'
export { type Startable, startable } from './startable.ts'
export type { EndedAlone, RunAlone } from './suspects.ts'
export { createTickets, type TicketKind, type Tickets, type TicketValue } from './tickets.ts'
export { userKey } from './user-key.ts'
