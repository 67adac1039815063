import { setTimeout as delay } from 'node:timers/promises'
import type { Scene } from './catalogue.ts'
import type { Fault } from './fault.ts'
import { allowedIn, expectDiscreet, expectFewRepeats, expectHealthy, type Grant, settleGrants } from './last-looks.ts'
import { untilPolled } from './polls.ts'
import { soak } from './soak.ts'
import type { ChaosStage } from './stage.ts'
import { type Totals, totalsOf } from './totals.ts'

/** A fault that was played, and how long after its scene everything was right again. */
export interface Played {
  readonly id: string
  readonly phase: string
  readonly about: string
  readonly playedMs: number
  readonly convergedMs: number
  /** How long that might have taken. */
  readonly boundMs: number
}

export interface Results {
  readonly played: readonly Played[]
  /** Chosen, and not begun because the time was over. */
  readonly leftOut: readonly string[]
  readonly grants: readonly Grant[]
  /** Of the run before the first fault: repeats there would be ours. */
  readonly faultFree: Totals
  readonly totals: Totals
  /** What broke, where and behind what; null where every promise was kept. */
  readonly broken: string | null
}

export interface Plan {
  readonly scenes: readonly Scene[]
  readonly soakMs: number
  /** No scene begins later than this after the baseline. */
  readonly withinMs: number
  /** Whether to wait until nobody doubts a grant any more: 110 s after a kill. */
  readonly settleGrants: boolean
  readonly say: (line: string) => void
}

/** What is known so far. */
interface Progress {
  readonly played: Played[]
  readonly leftOut: string[]
  readonly grants: Grant[]
  faultFree: Totals | null
  during: string
}

/** Plays scene after scene and stops at the first promise that was broken. */
export async function playAll(stage: ChaosStage, plan: Plan): Promise<Results> {
  const progress: Progress = { played: [], leftOut: [], grants: [], faultFree: null, during: 'baseline' }
  const broken = await brokenIn(async () => {
    await playBaseline(stage, plan, progress)
    await playScenes(stage, plan, progress)
    await lookAtTheEnd(stage, progress)
  })
  if (broken !== null) plan.say(['what was done:', ...stage.notes].join('\n'))
  const { played, leftOut, grants, during } = progress
  const totals = await totalsOf(stage).catch(() => progress.faultFree)
  if (!totals) throw new Error(broken ?? 'nothing was seen')
  return {
    played,
    leftOut,
    grants,
    faultFree: progress.faultFree ?? totals,
    totals,
    broken: broken === null ? await brokenIn(async () => expectFewRepeats(totals)) : `${during}: ${broken}`,
  }
}

const brokenIn = (work: () => Promise<void>): Promise<string | null> =>
  work().then(
    () => null,
    (err: unknown) => (err instanceof Error ? err.message : String(err)),
  )

const FLOW_MS = 3_000

async function playBaseline(stage: ChaosStage, { say }: Plan, progress: Progress): Promise<void> {
  say(`baseline: ${seconds(await stage.converge())} until everybody's history is stored and told`)
  stage.flow()
  await delay(FLOW_MS)
  await stage.converge()
  await untilPolled(stage, POLLED_WITHIN_MS)
  progress.faultFree = await totalsOf(stage)
  const { repeatedEvents } = progress.faultFree
  if (repeatedEvents > 0) throw new Error(`O3 ${repeatedEvents} events repeated without a fault`)
}

async function playScenes(stage: ChaosStage, plan: Plan, progress: Progress): Promise<void> {
  const startedAt = performance.now()
  const scenes = [...plan.scenes, ...byChance(plan.soakMs)]
  for (const [i, scene] of scenes.entries()) {
    const ids = scene.faults.map(({ id }) => id)
    if (performance.now() - startedAt > plan.withinMs) {
      progress.leftOut.push(...ids)
      continue
    }
    progress.during = ids.join(' ')
    const played = await playScene(stage, scene)
    progress.played.push(...played)
    for (const one of played) plan.say(line(one))
    // Before the data flow on: whoever is left out for long misses fingersticks that fall out of the look back.
    if (plan.settleGrants && phaseOf(scenes[i + 1]) !== phaseOf(scene))
      progress.grants.push(...(await settleGrants(stage)))
  }
}

const phaseOf = (scene: Scene | undefined) => scene?.faults[0]?.phase

async function lookAtTheEnd(stage: ChaosStage, progress: Progress): Promise<void> {
  progress.during = 'the looks at the end'
  expectHealthy(stage)
  await expectDiscreet(stage)
}

/** Faults by chance are a scene of their own. */
function byChance(ms: number): readonly Scene[] {
  if (ms === 0) return []
  const fault: Fault = {
    id: 'chance',
    phase: 'workers',
    about: 'faults by chance, one after the other',
    scene: 'chance',
    play: async (stage) => stage.note(`by chance: ${(await soak(stage, ms)).join(' ')}`),
  }
  return [{ faults: [fault] }]
}

const line = ({ phase, id, playedMs, convergedMs, boundMs }: Played): string =>
  `${phase.padEnd(9)} ${id.padEnd(7)} kept: played ${seconds(playedMs)}, right again ${seconds(convergedMs)} later (bound ${seconds(boundMs)})`

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** A loss of every schedule is mended within a minute (docs/architecture.md). */
const POLLED_WITHIN_MS = 60_000

/** Lease 15 s, lock 10 s and a look for stalled jobs every 3 s are constants of the product. */
const HEALED_MS = 25_000
/** A busy machine is not at fault: for whoever is late what the same takes with nothing to heal comes on top, so many times. */
const SLOWNESS = 2
/** Waited longer than is allowed, to tell what is late from what is lost. */
const PATIENCE = 2

type Done = Fault & Pick<Played, 'playedMs'>

async function playFault(stage: ChaosStage, fault: Fault): Promise<Done> {
  stage.note(`${fault.id}: begins`)
  const startedAt = performance.now()
  await fault.play(stage)
  return { ...fault, playedMs: Math.round(performance.now() - startedAt) }
}

async function playInTurn(stage: ChaosStage, faults: readonly Fault[]): Promise<readonly Done[]> {
  const done: Done[] = []
  for (const fault of faults) done.push(await playFault(stage, fault))
  return done
}

async function playScene(stage: ChaosStage, { faults }: Scene): Promise<readonly Played[]> {
  await stage.refill()
  stage.flow()
  const first = await playInTurn(
    stage,
    faults.filter(({ inTurn }) => inTurn),
  )
  const besides = faults.filter(({ inTurn }) => !inTurn).map((fault) => playFault(stage, fault))
  const played = [...first, ...(await Promise.all(besides))]
  await stage.refill()
  const healedMs = Math.max(...faults.map((fault) => fault.healedMs ?? HEALED_MS))
  const convergedMs = await stage.converge(allowedIn(stage), healedMs * PATIENCE)
  const boundMs = convergedMs <= healedMs ? healedMs : healedMs + SLOWNESS * (await stage.converge(allowedIn(stage)))
  if (convergedMs > boundMs) throw new Error(`O13 right again after ${convergedMs} ms, ${boundMs} ms allowed`)
  await untilPolled(stage, POLLED_WITHIN_MS)
  return played.map(({ id, phase, about, playedMs }) => ({ id, phase, about, playedMs, convergedMs, boundMs }))
}
