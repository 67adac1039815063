import type { Dice } from '../dice.ts'
import type { FaultActionOf } from './fault-actions.ts'

/** The 99th percentile of a standard normal distribution. */
const Z99 = 2.3263

/** How long this answer takes, milliseconds: as fixed, or one draw from a log-normal distribution with spikes. */
export function drawLatency(latency: FaultActionOf<'latency'>, dice: Dice): number {
  const { fixedMs, p50Ms, p99Ms, spikeMs, spikeShare } = latency
  if (fixedMs !== undefined) return fixedMs
  if (spikeShare > 0 && dice() < spikeShare) return spikeMs
  const sigma = Math.max(0, Math.log(p99Ms / p50Ms)) / Z99
  // Box-Muller; 1 - dice() is never 0, whose logarithm would be infinite.
  const normal = Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice())
  return p50Ms * Math.exp(sigma * normal)
}
