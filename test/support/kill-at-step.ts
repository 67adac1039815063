/**
 * Loaded into a process of the service by `--import`, and told by its environment (kill-order.ts) at which passage of
 * which step to die, to freeze, to block or to fail where nobody catches it. Nothing in the product knows of it: the steps are announced on a
 * diagnostics channel anyway, and Node announces requests itself.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import { type IncomingMessage, ServerResponse } from 'node:http'

const STDERR = 2

const deeds: Readonly<Record<string, () => void>> = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  stop: () => process.kill(process.pid, 'SIGSTOP'),
  throw: () =>
    void setImmediate(() => {
      throw new Error('planted where nobody catches it')
    }),
  reject: () => void Promise.reject(new Error('planted where nobody catches it')),
  block: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.BG_KILL_BLOCK_MS)),
}

function arm(wanted: string): void {
  const { BG_KILL_PASSAGE: passage = '1', BG_KILL_SINCE: since, BG_KILL_DEED: deed = 'kill' } = process.env
  const act = () => {
    // At once and by hand: what goes through the event loop would die with it.
    writeSync(STDERR, `order reached: ${deed} at ${wanted}\n`)
    deeds[deed]?.()
  }
  const inProcess = { passages: 0 }
  /** Many people's syncs run side by side: since a step of one of them, only its own passages count. */
  const inFlow = new AsyncLocalStorage<{ passages: number }>()
  let done = false
  subscribe('bg.step', (name) => {
    if (name === since) inFlow.enterWith({ passages: 0 })
    const count = since ? inFlow.getStore() : inProcess
    if (name !== wanted || done || !count) return
    count.passages += 1
    if (count.passages < Number(passage)) return
    done = true
    actWhen(process.env.BG_KILL_WHEN ?? 'now', act)
  })
}

/** `now`: inside the step. `next`: behind the code that announced it, with its next call begun and not sent. Else milliseconds. */
function actWhen(when: string, act: () => void): void {
  if (when === 'now') act()
  else if (when === 'next') queueMicrotask(act)
  else setTimeout(act, Number(when))
}

/** The API has no steps of its own: a webhook that came in, and one that is about to be answered with 202. */
function watchWebhooks(): void {
  const steps = channel('bg.step')
  const isWebhook = ({ url = '' }: IncomingMessage) => url.endsWith('/webhook')
  subscribe('http.server.request.start', (message) => {
    if (isWebhook((message as { readonly request: IncomingMessage }).request)) steps.publish('webhook-received')
  })
  const writeHead = ServerResponse.prototype.writeHead
  ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
    if (args[0] === 202 && isWebhook(this.req)) steps.publish('webhook-answering')
    return writeHead.apply(this, args)
  } as typeof writeHead
}

// The order is for the process that was started, not for one that it starts for a job: that one's death would prove
// something about the job.
if (process.env.BG_KILL_STEP && !process.send) {
  watchWebhooks()
  arm(process.env.BG_KILL_STEP)
}
