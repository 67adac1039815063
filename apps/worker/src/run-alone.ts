import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@bg-ingest/domain'
import type { EndedAlone, RunAlone } from '@bg-ingest/queue'
import type { FromAlone, ToAlone } from './alone-message.ts'

/** Longer than any job takes whose calls time out; one that blocks its process for ever would never end. */
const LIMIT_MS = 300_000
/** Whoever kills a worker together with what it has started has killed both by then. */
const SURVIVED_MS = 1_000
/** A handler that was told to stop leaves its person's lease in order; then it is not waited for. */
const LEAVE_MS = 2_000

/** Starts `script`, which serves one job (serve-alone.ts), for each job; `onStart` is told of each. */
export function createRunAlone(script: string, onStart: (jobId: string) => void): RunAlone {
  return async (key, data, { signal, ...context }): Promise<EndedAlone> => {
    onStart(context.jobId)
    const child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const kill = () => void child.kill('SIGKILL')
    // Its own end follows from ours by the lost channel, but for one whose event loop is blocked.
    process.once('exit', kill)
    try {
      return await ended(child, { kind: 'run', key, data, context }, signal)
    } finally {
      process.off('exit', kill)
      kill()
    }
  }
}

async function ended(child: ChildProcess, job: ToAlone, signal: AbortSignal): Promise<EndedAlone> {
  const over = new AbortController()
  const within = { signal: over.signal }
  const told = Promise.withResolvers<FromAlone>()
  let begun = false
  child.on('message', (message: FromAlone) => {
    if (message.kind !== 'ready') return told.resolve(message)
    begun = true
    tell(child, job)
  })
  const gone = Promise.race([once(child, 'exit', within), once(child, 'error', within), sleep(LIMIT_MS, null, within)])
  const left = once(signal, 'abort', within).then(async () => {
    tell(child, { kind: 'abort' })
    await sleep(LEAVE_MS, null, within)
  })
  try {
    const end = await Promise.race([told.promise, gone.then(() => 'died' as const), left.then(() => 'left' as const)])
    if (end === 'left' || (end === 'died' && !begun)) throw new AppError('service_unavailable', 'No process of its own')
    if (end !== 'died') return resultOf(end)
    await sleep(SURVIVED_MS)
    return { died: true }
  } finally {
    // Nobody waits for the losers of the race.
    for (const loser of [gone, left]) loser.catch(() => undefined)
    over.abort()
  }
}

function resultOf(end: FromAlone): EndedAlone {
  if (end.kind !== 'failed') return { died: false, result: end.kind === 'done' ? end.result : undefined }
  const { code, message, retryAfterMs } = end
  throw new AppError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })
}

function tell(child: ChildProcess, message: ToAlone): void {
  if (child.connected) child.send(message, () => undefined)
}
