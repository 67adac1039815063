import { AppError } from '@bg-ingest/domain'
import type { Dexcom, Publisher } from '@bg-ingest/ingest'
import type { Logger } from '@bg-ingest/telemetry'

/** A line for each call, at `debug`: which it was, how long it took with its wait for a slot, how it ended. Nothing of its content. */
export function logDexcom(dexcom: Dexcom, logger: Logger, monotonic: () => number): Dexcom {
  const logged = async <T>(call: string, region: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = monotonic()
    const told = (outcome: string) =>
      logger.debug('dexcom called', { call, region, outcome, ms: Math.round(monotonic() - startedAt) })
    try {
      const answer = await work()
      told('ok')
      return answer
    } catch (err) {
      told(AppError.from(err).code)
      throw err
    }
  }
  const { asAttempt } = dexcom
  return {
    ...dexcom,
    fetchReadings: (call, type, window) =>
      logged(`readings/${type}`, call.region, () => dexcom.fetchReadings(call, type, window)),
    dataRange: (call, since) => logged('dataRange', call.region, () => dexcom.dataRange(call, since)),
    exchangeCode: (region, ...proof) => logged('exchangeCode', region, () => dexcom.exchangeCode(region, ...proof)),
    refresh: (region, refreshToken) => logged('refresh', region, () => dexcom.refresh(region, refreshToken)),
    ...(asAttempt ? { asAttempt: (attempt) => logDexcom(asAttempt(attempt), logger, monotonic) } : {}),
  }
}

/** A line for each piece of what is told, at `debug`; one that the broker has not taken whole, at `info`. */
export const logPublisher = (publisher: Publisher, logger: Logger): Publisher => ({
  ...publisher,
  async publishInOrder(events) {
    const taken = await publisher.publishInOrder(events)
    const fields = { taken, of: events.length, keys: [...new Set(events.map(({ routingKey }) => routingKey))] }
    if (taken === events.length) logger.debug('events published', fields)
    else logger.info('events wait for the broker', fields)
    return taken
  },
})
