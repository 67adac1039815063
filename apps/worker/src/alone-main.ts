/** Started by a worker (run-alone.ts) for one job: what it may end is this process. */
import { loadWorkerConfig } from '@bg-ingest/config'
import { failureLine, runUntilSignal, settledWithin } from '@bg-ingest/process'
import { completeKeys } from './complete-keys.ts'
import { createWorkerContext } from './context.ts'
import { createJobHandlers } from './job-handlers.ts'
import { serveAlone } from './serve-alone.ts'

try {
  const config = await completeKeys(loadWorkerConfig(process.env))
  const { graceMs } = config.shutdown
  await runUntilSignal(
    async (stop) => {
      await using context = await createWorkerContext(config, stop)
      const { ports, logger } = context
      await serveAlone({
        handlers: createJobHandlers(context),
        // A grant that Dexcom has given exists nowhere else until it is stored.
        settled: () => settledWithin(ports.unbroken?.idle() ?? Promise.resolve(), graceMs),
        onFailed: (err) => logger.warn('job failed in a process of its own', { err }),
      })
    },
    { graceMs, onForced: (reason) => console.error(`process of one job ended by force: ${reason}`) },
  )
  process.exit()
} catch (err) {
  console.error(failureLine('process of one job failed', err))
  process.exit(1)
}
