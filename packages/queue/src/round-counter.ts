import type { Redis } from 'ioredis'
import { DEFAULT_PREFIX } from './queues.ts'

export interface RoundCounter {
  /** Null where nothing was counted yet, or Redis lost it. */
  read(): Promise<number | null>
  write(value: number): Promise<void>
}

/** A number that the fleet shares: how far work that goes round has come. */
export function createRoundCounter(
  redis: Redis,
  { name, prefix = DEFAULT_PREFIX }: { readonly name: string; readonly prefix?: string },
): RoundCounter {
  const key = `${prefix}:round:${name}`
  return {
    async read() {
      const text = await redis.get(key)
      return text === null ? null : Number(text)
    },
    async write(value) {
      await redis.set(key, String(value))
    },
  }
}
