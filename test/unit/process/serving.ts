/** `node serving.ts <grace ms> <how it stops>`: serves until a signal, and says what it sees. */
import { setTimeout as delay } from 'node:timers/promises'
import { runUntilSignal, untilAborted } from '@bg-ingest/process'

const [graceMs = '', stops = ''] = process.argv.slice(2)
/** Keeps the process alive as a listening server would. */
const alive = setInterval(() => undefined, 60_000)

const END: Readonly<Record<string, () => Promise<unknown>>> = {
  'at once': async () => clearInterval(alive),
  'late, within the grace': async () => {
    await delay(200)
    clearInterval(alive)
  },
  never: () => new Promise<never>(() => undefined),
  'with an open handle': async () => undefined,
}

const leaky = () => Object.assign(new Error('c4n4ry', { cause: new TypeError('c4n4ry') }), { code: 'ECANARY' })
const BEGIN: Readonly<Record<string, () => void>> = {
  'by an error': () => {
    setImmediate(() => {
      throw leaky()
    })
  },
  'by a rejection': () => void Promise.reject(leaky()),
  'and talks': () => void setInterval(() => console.log('talk'), 20),
}

await runUntilSignal(
  async (stop) => {
    console.log('serving')
    BEGIN[stops]?.()
    if (stops !== 'by itself') await untilAborted(stop)
    console.log('stopping')
    await (END[stops] ?? END['at once'])?.()
    console.log('stopped')
  },
  { graceMs: Number(graceMs), onForced: (reason) => console.log(`forced: ${reason}`) },
)
console.log(`listeners: ${process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')}`)
