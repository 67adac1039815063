import { setTimeout as delay } from 'node:timers/promises'
import { outcomeOf } from '../support/kill-tokens.ts'
import { FAULTS, type Scene } from './catalogue.ts'
import type { ChaosStage } from './stage.ts'
import { type Totals, totalsOf } from './totals.ts'

/** A scene that was played, and how long after its end everything was right again. */
export interface Played {
  readonly ids: readonly string[]
  readonly phase: string
  readonly about: readonly string[]
  readonly playedMs: number
  readonly convergedMs: number
}

export interface Grant {
  readonly id: string
  readonly outcome: 'connected' | 'needs_reauth'
}

export interface Results {
  readonly played: readonly Played[]
  readonly grants: readonly Grant[]
  /** Of the run before the first fault: repeats there would be ours. */
  readonly faultFree: Totals
  readonly totals: Totals
  /** What broke, where and behind what; null where every promise was kept. */
  readonly broken: string | null
}

interface Plan {
  readonly scenes: readonly Scene[]
  readonly soakMs: number
  /** Whether to wait until nobody doubts a grant any more: 110 s after a kill. */
  readonly settleGrants: boolean
  readonly say: (line: string) => void
}

/** Plays scene after scene and stops at the first promise that was broken. */
export async function playAll(stage: ChaosStage, plan: Plan): Promise<Results> {
  const { say } = plan
  const played: Played[] = []
  const grants: Grant[] = []
  let faultFree: Totals | null = null
  let broken: string | null = null
  try {
    say(`baseline: ${(await baseline(stage)) / 1_000} s until everybody's history is stored and told`)
    faultFree = await totalsOf(stage)
    if (faultFree.repeatedEvents > 0) throw new Error(`O3 ${faultFree.repeatedEvents} events repeated without a fault`)
    for (const scene of plan.scenes) {
      played.push(await playScene(stage, scene))
      say(line(played.at(-1)))
    }
    if (plan.soakMs > 0) {
      played.push(await soak(stage, plan.soakMs))
      say(line(played.at(-1)))
    }
    if (plan.settleGrants) grants.push(...(await settleGrants(stage)))
    expectHealthy(stage)
  } catch (err) {
    broken = err instanceof Error ? err.message : String(err)
  }
  const totals = await totalsOf(stage).catch(() => faultFree)
  if (!totals) throw new Error(broken ?? 'nothing was seen')
  return { played, grants, faultFree: faultFree ?? totals, totals, broken }
}

async function baseline(stage: ChaosStage): Promise<number> {
  const first = await stage.converge()
  stage.flow()
  await delay(3_000)
  await stage.converge()
  return first
}

const line = (played: Played | undefined): string =>
  played === undefined
    ? ''
    : `${played.phase.padEnd(9)} ${played.ids.join(' ').padEnd(24)} played ${seconds(played.playedMs)}, all right again ${seconds(played.convergedMs)} later`

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

async function playScene(stage: ChaosStage, { phase, faults }: Scene): Promise<Played> {
  const ids = faults.map(({ id }) => id)
  await stage.refill()
  stage.flow()
  stage.note(`${ids.join(' ')}: begins`)
  const startedAt = performance.now()
  await Promise.all(faults.map((fault) => fault.play(stage)))
  const playedMs = Math.round(performance.now() - startedAt)
  await stage.refill()
  const convergedMs = await stage.converge()
  return { ids, phase, about: faults.map(({ about }) => about), playedMs, convergedMs }
}

const SOAK_PAUSE_MS = 2_000
/** The clock of the simulator has room for 90 hours of data, which flow at 600 hours an hour: now and then it rests. */
const CONVERGE_EVERY_MS = 120_000

/** One fault by chance after the other. */
async function soak(stage: ChaosStage, ms: number): Promise<Played> {
  const choice = FAULTS.filter(({ random }) => random)
  const ids: string[] = []
  const startedAt = performance.now()
  let convergedAt = startedAt
  await stage.refill()
  stage.flow()
  while (performance.now() - startedAt < ms) {
    const fault = choice[Math.floor(stage.random() * choice.length)]
    if (!fault) break
    ids.push(fault.id)
    stage.note(`by chance ${fault.id}`)
    await fault.play(stage)
    await delay(SOAK_PAUSE_MS)
    if (performance.now() - convergedAt < CONVERGE_EVERY_MS) continue
    await stage.converge()
    convergedAt = performance.now()
    stage.flow()
  }
  await stage.refill()
  const playedMs = Math.round(performance.now() - startedAt)
  const convergedMs = await stage.converge()
  return { ids, phase: 'chance', about: ['faults by chance, one after the other'], playedMs, convergedMs }
}

/** Looks at the grants that a kill may have cost, and connects again whoever has to. */
async function settleGrants(stage: ChaosStage): Promise<Grant[]> {
  const grants: Grant[] = []
  for (const { watched, at, inDoubt, name } of stage.doubted) {
    const outcome = await outcomeOf(watched, at)
    if (outcome === 'needs_reauth' && !inDoubt)
      throw new Error(`O6 a grant was lost that no kill can have cost: ${name}`)
    grants.push({ id: name, outcome })
    if (outcome === 'needs_reauth') await stage.connectAgain(watched)
    stage.lookAgainAt(watched)
  }
  const inDoubt = new Set(stage.doubted.filter((one) => one.inDoubt).map(({ watched }) => watched))
  await stage.converge((watched) =>
    inDoubt.has(watched) ? { presentations: 2, failures: /needs_reauth|not_connected/ } : {},
  )
  return grants
}

function expectHealthy({ health }: ChaosStage): void {
  if (health.failed.length > 0)
    throw new Error(`O10 /healthz failed ${health.failed.length} times: ${health.failed[0]}`)
  if (health.mostMegabytes > MOST_MEGABYTES) throw new Error(`O11 a process grew to ${health.mostMegabytes} MB`)
}

const MOST_MEGABYTES = 300
