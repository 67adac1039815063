/**
 * Loaded into a worker by `--import`: BG_WELL_MS after its start it takes no job any more, in silence, as BullMQ has done
 * (promises.md N14), and its monotonic clock runs BG_HURRY times as fast, so that nobody waits for its watchdog.
 */
import { createRequire } from 'node:module'

interface Fetching {
  moveToActive(...args: unknown[]): Promise<unknown>
}

const wellUntil = Date.now() + Number(process.env.BG_WELL_MS)
const hurry = Number(process.env.BG_HURRY)

const queue = createRequire(new URL('../../packages/queue/package.json', import.meta.url))
const { Worker } = queue('bullmq') as { Worker: { prototype: Fetching } }
const { moveToActive } = Worker.prototype
Worker.prototype.moveToActive = function (this: Fetching, ...args) {
  return Date.now() < wellUntil ? moveToActive.apply(this, args) : new Promise(() => undefined)
}

const now = performance.now.bind(performance)
performance.now = () => now() * hurry
