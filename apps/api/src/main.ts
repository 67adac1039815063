import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, loadApiConfig } from '@bg-ingest/config'
import { failureLine, refuseUnfit, runUntilSignal, untilAborted } from '@bg-ingest/process'
import { createApp } from './app.ts'
import { completeKeys } from './complete-keys.ts'
import { createApiContext } from './context.ts'
import { listenLimits, REQUESTS_PER_CONNECTION, stopServing } from './http-limits.ts'

const endNow = (message: string): never => {
  console.error(message)
  process.exit(1)
}

try {
  const config = await completeKeys(loadApiConfig(process.env))
  await runUntilSignal(
    async (stop) => {
      await using context = await createApiContext(config)
      const { logger, redisFlaws } = context
      await refuseUnfit(redisFlaws({ production: process.env.NODE_ENV === 'production' }), {
        asError: (flaws) => new ConfigError(flaws.map((detail) => ({ name: 'REDIS_URL', detail }))),
        onLate: ({ message }) => endNow(message),
      })
      const server = createHttpServer(listenLimits, createApp(context, stop))
      server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION
      server.listen(config.http.port)
      await once(server, 'listening')
      logger.info('api listening', { port: (server.address() as AddressInfo).port })
      await untilAborted(stop)
      logger.info('api stopping')
      await stopServing(server, config.shutdown.graceMs)
    },
    { graceMs: config.shutdown.graceMs, onForced: (reason) => console.error(`api ended by force: ${reason}`) },
  )
} catch (err) {
  console.error(err instanceof ConfigError ? err.message : failureLine('api failed', err))
  process.exitCode = 1
}
