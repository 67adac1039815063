import { setTimeout as delay } from 'node:timers/promises'
import type { JobHandlers, JobKey } from '@bg-ingest/queue'

/** A sync takes 50 ms, that of somebody whose id says `slow` 400; that of the poisonous user kills its process. */
export function poisonedHandlers(keys: readonly JobKey[], poisonous: string): JobHandlers {
  const never = () => new Promise<never>(() => undefined)
  return {
    ...(Object.fromEntries(keys.map((key) => [key, never])) as unknown as JobHandlers),
    syncUser: async ({ userId }) => {
      console.log(`start ${userId}`)
      if (userId === poisonous) process.kill(process.pid, 'SIGKILL')
      await delay(userId.includes('slow') ? 400 : 50)
      console.log(`done ${userId}`)
    },
  }
}
