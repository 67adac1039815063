/** The process of its own that poisoned-worker.ts gives a suspect. */
import { JOB_KEYS } from '@bg-ingest/queue'
import { serveAlone } from '@bg-ingest/worker/parts'
import { poisonedHandlers } from './poisoned-handlers.ts'

await serveAlone({
  handlers: poisonedHandlers(JOB_KEYS, process.env.BG_POISONOUS ?? ''),
  settled: async () => undefined,
  onFailed: () => undefined,
})
process.exit()
