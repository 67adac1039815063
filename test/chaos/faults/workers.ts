import { setTimeout as delay } from 'node:timers/promises'
import { killApp } from '../../support/e2e-process.ts'
import { freezeBehindPut, freezeInTheMiddle, thaw } from '../../support/kill-frozen.ts'
import { isAlive } from '../../support/processes.ts'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

/** With those that were frozen and have gone on. */
const living = ({ processes }: ChaosStage) => processes.filter(({ pid }) => isAlive(pid))

const fault = (id: string, about: string, scene: string, play: Fault['play'], more: Partial<Fault> = {}): Fault => ({
  id,
  phase: 'workers',
  about,
  scene,
  play,
  ...more,
})

const CRASH_LOOP_MS = 20_000
const CRASH_EVERY_MS = 2_000

export const workers: readonly Fault[] = [
  fault(
    'B1',
    'frozen in the middle of a write for twice the lease',
    'pauses',
    async (stage) => thaw(stage, await freezeInTheMiddle(stage)),
    {
      short: 'beside the others',
    },
  ),
  fault('B1b', 'frozen with puts on the wire, which land after twice the lease', 'pauses', async (stage) => {
    const frozen = await freezeBehindPut(stage)
    try {
      await thaw(stage, frozen)
      // Its way to DynamoDB ends here.
      frozen.worker.kill('SIGTERM')
      await frozen.worker.exited()
    } finally {
      await frozen.wire?.close()
    }
  }),
  fault('A20', 'told to end while blocked, killed a second later', 'pauses', async (stage) => {
    const worker = stage.arm({ step: 'fetched', deed: 'block', blockMs: 60_000 })
    await stage.reached(worker)
    worker.kill('SIGTERM')
    await delay(1_000)
    worker.kill('SIGKILL')
    await worker.exited()
  }),
  fault('A18', 'all killed at once, back after 2 s', 'all at once', async (stage) => {
    await Promise.all(living(stage).map(killApp))
    await delay(2_000)
    await stage.refill()
  }),
  fault('A19', 'one killed every 2 s for 20 s', 'crash loop', async (stage) => {
    const endsAt = performance.now() + CRASH_LOOP_MS
    while (performance.now() < endsAt) {
      const starting = stage.startWorker()
      await delay(CRASH_EVERY_MS)
      const [first] = living(stage)
      if (first) await killApp(first)
      await starting
    }
    await stage.refill()
  }),
  fault('K1', 'each replaced by a new one, one after the other', 'rolling', async (stage) => {
    for (const old of living(stage)) {
      await stage.startWorker()
      old.kill('SIGTERM')
      const { code } = await old.exited()
      if (code !== 0) throw new Error(`a worker that was told to end ended with ${code}`)
    }
  }),
]
