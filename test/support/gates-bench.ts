import { createGates, type Gate, type GateState, type Gates, type GatesOptions, type Spacing } from '@bg-ingest/dexcom'
import { Redis } from 'ioredis'

export interface OpenedGate {
  readonly gate: Gate
  readonly gates: Gates
  /** Every change of spacing that operators would see. */
  readonly spacings: Spacing[]
  /** As last told. */
  readonly state: () => GateState
}

export interface GatesBench {
  /** The gate of one process, of region `default`. */
  gate(changes?: Partial<GatesOptions>): OpenedGate
  /** A client for looking and meddling. */
  admin(): Promise<Redis>
  close(): Promise<void>
}

export const SPACING_MS = 50
/** 90,000 calls an hour at 80 % are one each 50 ms. */
const PER_HOUR = 90_000

/** Gates as the workers open them, on one Redis; each call of `gate` is a process of its own to the others. */
export function gatesBench(redisUrl: () => string): GatesBench {
  const open: (() => unknown)[] = []
  return {
    gate(changes = {}) {
      const spacings: Spacing[] = []
      let last: GateState | undefined
      const gates = createGates({
        redisUrl: redisUrl(),
        regions: ['default'],
        perHour: PER_HOUR,
        onRedisError: () => undefined,
        onSpacing: (_region, spacing) => spacings.push(spacing),
        onState: (region, state) => {
          if (region === 'default') last = state
        },
        ...changes,
      })
      open.push(() => gates.stop())
      const state = () => {
        if (!last) throw new Error('nothing was told')
        return last
      }
      return { gate: gates.of('default'), gates, spacings, state }
    },
    async admin() {
      const redis = new Redis(redisUrl(), { retryStrategy: () => 50 })
      redis.on('error', () => undefined)
      open.push(() => redis.disconnect())
      await redis.ping()
      return redis
    },
    async close() {
      for (const close of open.splice(0).reverse()) await close()
    },
  }
}
