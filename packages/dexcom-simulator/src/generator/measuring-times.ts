import type { Window } from '@bg-ingest/domain'
import type { Cadence } from '../options/fact-options.ts'
import type { Order } from '../series.ts'
import { between, chance } from './hash.ts'

/** A reading every 300 s, give or take 2 s (dexcom-api.md 5). */
export const USUAL_CADENCE_MS = 300_000
const JITTER_MS = 2000
const SALT = { phase: 20, jitter: 22, milliseconds: 24 }

export interface MeasuringTime {
  readonly epochMs: number
  /** Counts the beats of one cadence since 1970: what the dice of a reading are thrown with. */
  readonly slot: number
  /** Names the slot among those of all cadences. */
  readonly key: string
}

interface MeasuringInput {
  readonly dice: number
  readonly cadence: Cadence
  /** Whether times fall on milliseconds instead of whole seconds. */
  readonly hasMilliseconds: boolean
}

interface Stretch extends Window {
  readonly stepMs: number
}

/** When a sensor measures: beats with a little jitter, from each change of cadence on in another rhythm. */
export function createMeasuringTimes({ dice, cadence, hasMilliseconds }: MeasuringInput) {
  const phaseMs = Math.floor((chance(dice, SALT.phase, 0) * USUAL_CADENCE_MS) / 1000) * 1000
  const stretches = stretchesOf(cadence)

  const timeOf = (slot: number, stepMs: number) =>
    slot * stepMs +
    phaseMs +
    Math.round(between(-JITTER_MS, JITTER_MS, chance(dice, SALT.jitter, slot)) / 1000) * 1000 +
    (hasMilliseconds ? Math.floor(chance(dice, SALT.milliseconds, slot) * 1000) : 0)

  function* within({ stepMs, fromMs, toMs }: Stretch, order: Order): Generator<MeasuringTime> {
    const first = Math.floor((fromMs - phaseMs - JITTER_MS - 1000) / stepMs)
    const last = Math.ceil((toMs - phaseMs + JITTER_MS) / stepMs)
    for (const slot of walkNumbers(first, last, order)) {
      const epochMs = timeOf(slot, stepMs)
      const key = stepMs === USUAL_CADENCE_MS ? String(slot) : `${stepMs / 60_000}m${slot}`
      if (epochMs >= fromMs && epochMs < toMs) yield { epochMs, slot, key }
    }
  }

  return function* times({ fromMs, toMs }: Window, order: Order): Generator<MeasuringTime> {
    for (const stretch of order === 'oldest-first' ? stretches : stretches.toReversed()) {
      const part = { ...stretch, fromMs: Math.max(fromMs, stretch.fromMs), toMs: Math.min(toMs, stretch.toMs) }
      if (part.fromMs < part.toMs) yield* within(part, order)
    }
  }
}

function stretchesOf(cadence: Cadence): Stretch[] {
  const changes = [{ fromMs: Number.NEGATIVE_INFINITY, minutes: USUAL_CADENCE_MS / 60_000 }, ...cadence]
  return changes.map(({ fromMs, minutes }, i) => ({
    fromMs,
    toMs: changes[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY,
    stepMs: minutes * 60_000,
  }))
}

export function* walkNumbers(first: number, last: number, order: Order): Generator<number> {
  if (order === 'oldest-first') for (let n = first; n <= last; n++) yield n
  else for (let n = last; n >= first; n--) yield n
}
