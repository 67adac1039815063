/** What `pnpm capacity` reckons with. docs/operations/capacity.md says how each was measured, and what is assumed. */
export const MEASURED = {
  /** In a second of the processor that one worker can use: Node runs it on one. */
  pollsPerSecondPerWorker: 36,
  /** 2,059 for a schedule, the rest assumed: eight ended jobs. */
  redisBytesPerUser: 6_000,
  /** The slowest of the runs, with 100,000 people. */
  ticksPerSecond: 464,
  writeUnitsPerPollWithNews: 6,
  readUnitsPerPoll: 3,
  storedBytesPerReading: 403,
} as const
