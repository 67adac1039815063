/**
 * `node poisoned-worker.ts <redis url> <prefix> <lock ms> <stalled ms> <poisonous user>`: takes syncs of 50 ms and says
 * `done <user>`; that of the one user kills the process at its start. Says `poison <user>` for whom it would park.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { connectForWork, createConsumers, JOB_KEYS, type JobHandlers } from '@bg-ingest/queue'

const [url = '', prefix = '', lock = '', stalled = '', poisonous = ''] = process.argv.slice(2)
const ignore = () => undefined
const never = () => new Promise<never>(ignore)
const handlers = {
  ...(Object.fromEntries(JOB_KEYS.map((key) => [key, never])) as unknown as JobHandlers),
  syncUser: async ({ userId }: { readonly userId: string }) => {
    console.log(`start ${userId}`)
    if (userId === poisonous) process.kill(process.pid, 'SIGKILL')
    await delay(50)
    console.log(`done ${userId}`)
  },
}
createConsumers(connectForWork(url, { onError: ignore }), handlers, {
  concurrency: 20,
  onGaveUp: ignore,
  onPoison: (_key, { userId }) => console.log(`poison ${userId}`),
  onError: ignore,
  prefix,
  lockDurationMs: Number(lock),
  stalledIntervalMs: Number(stalled),
})
