import { ConfigError, loadWorkerConfig } from '@bg-ingest/config'
import { failureLine, runUntilSignal, untilAborted } from '@bg-ingest/process'
import { createConsumers } from '@bg-ingest/queue'
import { createWorkerContext } from './context.ts'
import { createOnGaveUp } from './gave-up.ts'
import { createHandlers } from './handlers.ts'
import { startHealthServer } from './health-server.ts'

/** Jobs get most of the grace; the rest is for handing back what did not end, and for closing connections. */
const DRAIN_SHARE = 0.8

try {
  const config = loadWorkerConfig(process.env)
  const { graceMs } = config.shutdown
  await runUntilSignal(
    async (stop) => {
      await using context = await createWorkerContext(config, stop)
      const { logger, metrics, readiness, redis } = context
      const health = await startHealthServer({
        port: config.http.port,
        readiness,
        metrics,
        stopping: () => stop.aborted,
      })
      const consumers = createConsumers(redis, createHandlers(context.handlerNeeds), {
        concurrency: config.sync.concurrency,
        onGaveUp: createOnGaveUp(context),
        onError: (queue, err) => logger.warn('queue error', { queue, err }),
        onStalled: (queue, jobId) => logger.warn('job stalled, it runs again', { queue, jobId }),
      })
      logger.info('worker ready', { port: health.port })
      await untilAborted(stop)
      logger.info('worker stopping')
      const { drained } = await consumers.close(graceMs * DRAIN_SHARE)
      logger.info('worker drained', { drained })
      await health.close()
    },
    { graceMs, onForced: (reason) => console.error(`worker ended by force: ${reason}`) },
  )
} catch (err) {
  console.error(err instanceof ConfigError ? err.message : failureLine('worker failed', err))
  process.exitCode = 1
}
