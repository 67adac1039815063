import { randomUUID } from 'node:crypto'
import { AppError } from '@bg-ingest/domain'
import type { Spacing } from './fleet-link.ts'
import { createGate, type Gate, type GateState } from './limiter.ts'
import { connectLimiter } from './limiter-connection.ts'

export interface GatesOptions {
  readonly redisUrl: string
  /** Names of the regions, each an application of its own with a budget of its own. */
  readonly regions: readonly string[]
  /** Calls per application and hour that Dexcom allows. */
  readonly perHour: number
  /** How much of it we use; 0.8 where unset. The rest is room for restarts, for a lost Redis, and for clocks. */
  readonly share?: number
  /** Begins every key in Redis; `bg:` where unset. */
  readonly prefix?: string
  readonly onRedisError: (error: Error) => void
  /** Told at the start, once a second and at each change. Must not throw. */
  readonly onState?: (region: string, state: GateState) => void
  /** Told once when Redis goes, and once when it is back. */
  readonly onSpacing?: (region: string, spacing: Spacing) => void
}

export interface Gates {
  /** Throws `upstream_misconfigured` for a region that was not named. */
  of(region: string): Gate
  stop(): Promise<void>
}

const DEFAULT_SHARE = 0.8
const DEFAULT_PREFIX = 'bg:'

/** One gate for each region, over one pair of connections of their own. */
export function createGates(options: GatesOptions): Gates {
  const { redisUrl, regions, perHour, share = DEFAULT_SHARE, prefix = DEFAULT_PREFIX } = options
  const connection = connectLimiter(redisUrl, options.onRedisError)
  const member = randomUUID()
  const gates = new Map(
    regions.map((region): [string, Gate] => [
      region,
      createGate({
        connection,
        region,
        perHour,
        share,
        prefix,
        member,
        onState: (state) => options.onState?.(region, state),
        onSpacing: (spacing) => options.onSpacing?.(region, spacing),
      }),
    ]),
  )
  return {
    of(region) {
      const gate = gates.get(region)
      if (!gate) throw new AppError('upstream_misconfigured', 'The region is not configured')
      return gate
    },
    async stop() {
      await Promise.all([...gates.values()].map((gate) => gate.stop()))
      connection.close()
    },
  }
}
