/**
 * `node poisoned-worker.ts <redis url> <prefix> <lock ms> <stalled ms> <poisonous user> <alone script>`: takes syncs and
 * says `start <user>`, and 50 ms later `done <user>`; that of the one user kills its process at its start. Says
 * `poison <user>` for whom it would park, and `alone` where it gives a job a process of its own.
 */
import { connectForWork, createConsumers, JOB_KEYS } from '@bg-ingest/queue'
import { createRunAlone } from '@bg-ingest/worker/parts'
import { poisonedHandlers } from './poisoned-handlers.ts'

const [url = '', prefix = '', lock = '', stalled = '', poisonous = '', script = ''] = process.argv.slice(2)
const ignore = () => undefined
process.env.BG_POISONOUS = poisonous
createConsumers(connectForWork(url, { onError: ignore }), poisonedHandlers(JOB_KEYS, poisonous), {
  concurrency: 20,
  onGaveUp: ignore,
  onPoison: (_key, { userId }) => console.log(`poison ${userId}`),
  runAlone: createRunAlone(script, () => console.log('alone')),
  onError: ignore,
  prefix,
  lockDurationMs: Number(lock),
  stalledIntervalMs: Number(stalled),
})
