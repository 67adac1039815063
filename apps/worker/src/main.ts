import { hostname } from 'node:os'
import { extname, join } from 'node:path'
import { ConfigError, loadWorkerConfig } from '@bg-ingest/config'
import { failureLine, refuseUnfit, runUntilSignal, settledWithin, untilAborted } from '@bg-ingest/process'
import { createConsumers, unfitness } from '@bg-ingest/queue'
import { completeKeys } from './complete-keys.ts'
import { createWorkerContext } from './context.ts'
import { startFleetDuties } from './fleet.ts'
import { createOnGaveUp } from './gave-up.ts'
import { startHealthServer } from './health-server.ts'
import { createJobHandlers } from './job-handlers.ts'
import { createOnPoison } from './poison.ts'
import { createRunAlone } from './run-alone.ts'
import { shutdownPlan } from './shutdown-plan.ts'

const ALONE = join(import.meta.dirname, `alone-main${extname(import.meta.filename)}`)

const endNow = (message: string): never => {
  console.error(message)
  process.exit(1)
}

try {
  const config = await completeKeys(loadWorkerConfig(process.env))
  const { graceMs } = config.shutdown
  const plan = shutdownPlan(graceMs)
  await runUntilSignal(
    async (stop) => {
      await using context = await createWorkerContext(config, stop)
      const { logger, metrics, readiness, redis, fleet } = context
      const production = process.env.NODE_ENV === 'production'
      await refuseUnfit(unfitness(redis, { production }), {
        asError: (flaws) => new ConfigError(flaws.map((detail) => ({ name: 'REDIS_URL', detail }))),
        onLate: ({ message }) => endNow(message),
      })
      const stopping = () => stop.aborted
      const health = await startHealthServer({ port: config.http.port, readiness, metrics, stopping })
      const consumers = createConsumers(redis, createJobHandlers(context), {
        name: `${hostname()}:${process.pid}`,
        prefix: config.redis.prefix,
        concurrency: config.sync.concurrency,
        onGaveUp: createOnGaveUp(context),
        onPoison: createOnPoison(context),
        runAlone: createRunAlone(ALONE, (jobId) =>
          logger.warn('workers died twice under a job, it runs in a process of its own', { jobId }),
        ),
        onError: (queue, err) => logger.warn('queue error', { queue, err }),
        onStalled: (queue, jobId) => logger.warn('job stalled, it runs again', { queue, jobId }),
        onSetAside: (job) => logger.error('job of another version kept aside', { ...job }),
      })
      const { pollIntervalMs } = config.sync
      const onWedged = () => endNow('worker wedged')
      const duties = startFleetDuties({ fleet, consumers, logger, metrics, pollIntervalMs, onWedged })
      logger.info('worker ready', { port: health.port })
      await untilAborted(stop)
      logger.info('worker stopping')
      const endsAt = performance.now() + graceMs - plan.closeMs
      const [{ drained }] = await Promise.all([
        consumers.close(plan.drainMs, plan.releaseMs),
        settledWithin(duties.stop(), plan.drainMs),
      ])
      // A grant that Dexcom has given exists nowhere else until it is stored.
      await settledWithin(context.ports.unbroken?.idle() ?? Promise.resolve(), endsAt - performance.now())
      logger.info('worker drained', { drained })
      await health.close()
    },
    { graceMs, onForced: (reason) => console.error(`worker ended by force: ${reason}`) },
  )
} catch (err) {
  console.error(err instanceof ConfigError ? err.message : failureLine('worker failed', err))
  process.exitCode = 1
}
