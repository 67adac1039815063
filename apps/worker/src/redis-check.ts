import { ConfigError } from '@bg-ingest/config'
import { type Redis, unfitness } from '@bg-ingest/queue'

interface Options {
  readonly production: boolean
  /** Told where Redis came late and will not do. */
  readonly onUnfit: (error: ConfigError) => void
}

/** A Redis that is there answers at once; the start does not wait for one that is away. */
const WAIT_MS = 1_000

/** Throws ConfigError where Redis is set up so that it would lose jobs. One that is away is looked at when it comes. */
export async function refuseUnfitRedis(redis: Redis, { production, onUnfit }: Options): Promise<void> {
  const error = unfitness(redis, { production }).then(
    (problems) =>
      problems.length > 0 ? new ConfigError(problems.map((detail) => ({ name: 'REDIS_URL', detail }))) : null,
    // The process ends, or Redis will not tell: neither says anything about its settings.
    () => null,
  )
  const { promise: late, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => resolve('late'), WAIT_MS)
  const outcome = await Promise.race([error, late])
  clearTimeout(timer)
  if (outcome instanceof ConfigError) throw outcome
  if (outcome === 'late') void error.then((found) => found && onUnfit(found))
}
