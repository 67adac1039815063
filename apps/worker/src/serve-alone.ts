import { AppError } from '@bg-ingest/domain'
import type { JobHandlers, JobKey } from '@bg-ingest/queue'
import type { FromAlone, ToAlone } from './alone-message.ts'

export interface AloneNeeds {
  readonly handlers: JobHandlers
  /** What a handler has begun and must not leave behind. */
  readonly settled: () => Promise<unknown>
  /** Told of what a handler threw, before it goes to the worker without its cause. */
  readonly onFailed: (err: unknown) => void
}

/** Runs the one job that the worker which started this process sends, and tells how it ended. */
export async function serveAlone({ handlers, settled, onFailed }: AloneNeeds): Promise<void> {
  const stop = new AbortController()
  const job = Promise.withResolvers<Extract<ToAlone, { kind: 'run' }>>()
  process.on('message', (message: ToAlone) => (message.kind === 'run' ? job.resolve(message) : stop.abort()))
  // The worker is gone: whoever finds the job stalled runs it again, and not beside this.
  process.once('disconnect', () => process.exit(1))
  await tell({ kind: 'ready' })
  const end = await outcome(handlers, await job.promise, stop.signal).catch((err: unknown) => {
    onFailed(err)
    return failureOf(err)
  })
  await settled()
  await tell(end)
}

async function outcome<K extends JobKey>(
  handlers: JobHandlers,
  { key, data, context }: Extract<ToAlone, { kind: 'run' }>,
  signal: AbortSignal,
): Promise<FromAlone> {
  const handler = handlers[key as K]
  return { kind: 'done', result: await handler(data as Parameters<typeof handler>[0], { ...context, signal }) }
}

function failureOf(err: unknown): FromAlone {
  const { code, message, retryAfterMs } = AppError.from(err)
  return { kind: 'failed', code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** Waits until the message is on its way: this process ends behind the last one. */
async function tell(message: FromAlone): Promise<void> {
  const sent = Promise.withResolvers<void>()
  if (!process.send) throw new Error('started by nobody')
  process.send(message, undefined, {}, () => sent.resolve())
  await sent.promise
}
