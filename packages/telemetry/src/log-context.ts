import { AsyncLocalStorage } from 'node:async_hooks'
import type { Fields, Logger } from './logger.ts'

/** What a piece of work is done for: the ids that its lines carry, however deep in the calls they are written. */
export interface LogContext {
  /** Runs `work`, and all that it awaits, under these fields; inside of other work they are added to its own. */
  run<T>(fields: Fields, work: () => T): T
  fields(): Fields
}

/** Flows and clients hand no logger down, and need not: the ids follow the calls (AsyncLocalStorage, ADR 17). */
export function createLogContext(): LogContext {
  const storage = new AsyncLocalStorage<Fields>()
  const fields = () => storage.getStore() ?? {}
  return { run: (more, work) => storage.run({ ...fields(), ...more }, work), fields }
}

/**
 * A logger whose lines name the work that they belong to. Only for what is done for one job: a connection that is opened
 * in passing lives on, and its lines would name that job for ever.
 */
export function withContext(logger: Logger, context: Pick<LogContext, 'fields'>): Logger {
  const here = () => logger.child(context.fields())
  return {
    error: (message, fields) => here().error(message, fields),
    warn: (message, fields) => here().warn(message, fields),
    info: (message, fields) => here().info(message, fields),
    debug: (message, fields) => here().debug(message, fields),
    child: (fields) => withContext(logger.child(fields), context),
  }
}
