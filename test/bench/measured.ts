/** Figures of one machine (2 cores, Debian 12, Node 24), each with the command that measured it; docs/operations/capacity.md. */
export const MEASURED = {
  pollsPerSecondPerWorker: 100,
  redisBytesPerUser: 6_000,
  ticksPerSecond: 1_500,
  writeUnitsPerPollWithNews: 6,
  readUnitsPerPoll: 4,
  storedBytesPerReading: 420,
} as const
