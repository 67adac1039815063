import type { ReplayRecord, SimulatorOptions } from '@bg-ingest/dexcom-simulator'

const CADENCE_MS = 300_000
const HOUR_MS = 3_600_000
/** So many readings come at once to those who upload in bursts: more than are put side by side, fewer than go by batch. */
const BURST = 24

type SimulatedUsers = NonNullable<SimulatorOptions['users']>

/**
 * Enough that everybody has something to show when they connect, however late their phone is: the stage's clock runs
 * days behind ours, and a poll of somebody without readings asks for the last 26 h of ours.
 */
const HISTORY_DAYS = { gappy: 1, lively: 0.15 } as const

/** People whose data flow, late, shuffled and told twice. */
export const flowing = (names: readonly string[]): SimulatedUsers =>
  names.map((name, i) => {
    const profile = i % 2 === 0 ? 'gappy' : 'lively'
    const historyDays = HISTORY_DAYS[profile]
    return { name, kind: 'generated', profile, historyDays, order: 'shuffled', repeats: 0.1 }
  })

/** People whose phone uploads `BURST` readings at once, from `startMs` on and for so many hours. */
export const bursting = (names: readonly string[], startMs: number, hours: number): SimulatedUsers =>
  names.map((name, person) => {
    const firstMs = startMs - 2 * HOUR_MS + person * 60_000
    const readings = Array.from({ length: Math.floor((hours * HOUR_MS) / CADENCE_MS) }, (_, i): ReplayRecord => {
      const systemTimeMs = firstMs + i * CADENCE_MS
      const lastOfBurst = firstMs + (Math.floor(i / BURST) * BURST + BURST - 1) * CADENCE_MS
      return { systemTimeMs, value: 60 + ((i * 37 + person) % 241), uploadTimeMs: lastOfBurst }
    })
    return { name, kind: 'replay', readings }
  })
