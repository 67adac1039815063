/** `node hanging-worker.ts <redis url> <prefix> <lock ms> <stalled ms>`: takes syncs, says `started` for each and never ends one. */
import { connectForWork, createConsumers, JOB_KEYS, type JobHandlers } from '@bg-ingest/queue'

const [url = '', prefix = '', lock = '', stalled = ''] = process.argv.slice(2)
const ignore = () => undefined
const never = () => new Promise<never>(ignore)
const syncUser = () => {
  console.log('started')
  return never()
}
const none = Object.fromEntries(JOB_KEYS.map((key) => [key, never])) as unknown as JobHandlers
createConsumers(
  connectForWork(url, { onError: ignore }),
  { ...none, syncUser },
  {
    concurrency: 5,
    onGaveUp: ignore,
    onError: ignore,
    prefix,
    lockDurationMs: Number(lock),
    stalledIntervalMs: Number(stalled),
  },
)
