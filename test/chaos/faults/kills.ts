import type { KillOrder } from '../../support/kill-order.ts'
import { killInRefresh, TOKEN_CASES } from '../../support/kill-tokens.ts'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

/** SIGKILL inside a step of a sync (packages/ingest/src/steps.ts): which one, and in which of two scenes. */
const STEPS: readonly (readonly [id: string, about: string, scene: string, order: KillOrder])[] = [
  ['A1', 'job taken, lease not', 'first half', { step: 'lease-wanted', passage: 2 }],
  ['A2', 'lease taken', 'first half', { step: 'lease-taken', passage: 2 }],
  ['A3', 'older events told', 'first half', { step: 'caught-up', passage: 2 }],
  ['A8', 'data fetched', 'first half', { step: 'fetched', passage: 2 }],
  ['A9', 'sequences claimed', 'first half', { step: 'claimed', passage: 2 }],
  // The 20th put of a burst: the first 16, side by side, have landed.
  ['A10', 'half of a page written', 'second half', { step: 'writing', passage: 20, since: 'claimed' }],
  ['A11', 'all written, nothing published', 'second half', { step: 'written', passage: 2 }],
  ['A12', 'published, not confirmed', 'second half', { step: 'publishing', passage: 2 }],
  ['A13', 'confirmed, mark not moved', 'second half', { step: 'published', passage: 2 }],
  ['A14', 'before the cursor moves', 'second half', { step: 'finishing', passage: 2 }],
  ['A15', 'lease given back, job not ended', 'second half', { step: 'finished', passage: 2 }],
]
const SHORT = new Set(['A10', 'A12'])

async function killAt(stage: ChaosStage, order: KillOrder): Promise<void> {
  const worker = stage.arm(order)
  await stage.reached(worker)
  const { signal } = await worker.exited()
  stage.note(`worker ${worker.pid} died at ${order.step}`)
  if (signal !== 'SIGKILL') throw new Error(`the worker ended by ${signal}, not by SIGKILL`)
}

const inSync: readonly Fault[] = STEPS.map(([id, about, scene, order]) => ({
  id,
  phase: 'kills',
  about: `worker killed: ${about}`,
  scene,
  ...(SHORT.has(id) ? { short: 'beside the others' as const } : {}),
  play: (stage) => killAt(stage, order),
}))

const inRefresh: readonly Fault[] = TOKEN_CASES.map((of) => {
  const [id = '', ...about] = of.name.split(' ')
  return {
    id,
    phase: 'kills',
    about: `worker killed in a refresh: ${about.join(' ')}`,
    scene: 'refresh',
    // Whoever dies or stands still over this refresh beside its own order leaves it in doubt for 110 s.
    inTurn: true,
    ...(id === 'A6' ? { short: 'in turn' as const } : {}),
    async play(stage) {
      const watched = stage.people.find(({ account }) => account === of.account)
      if (!watched) throw new Error(`${of.account} is not there`)
      const at = await killInRefresh(stage, of, watched)
      stage.doubted.push({ watched, at, inDoubt: of.inDoubt, name: of.name })
      // Looked at again once nobody doubts any more.
      stage.leaveOut(watched)
    },
  }
})

export const kills: readonly Fault[] = [...inRefresh, ...inSync]
