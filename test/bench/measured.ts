/**
 * What `pnpm capacity` reckons with. Ticks, and 2,059 of the bytes of Redis, rest on a measurement; all else is an assumption
 * (docs/operations/capacity.md).
 */
export const MEASURED = {
  pollsPerSecondPerWorker: 100,
  redisBytesPerUser: 6_000,
  ticksPerSecond: 1_500,
  writeUnitsPerPollWithNews: 6,
  readUnitsPerPoll: 4,
  storedBytesPerReading: 420,
} as const
