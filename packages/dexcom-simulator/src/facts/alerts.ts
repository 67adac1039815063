import { DAY_MS } from '@bg-ingest/domain'
import type { Device } from '../devices.ts'
import type { SourceAlert, SourceEgv, Span, Walk } from '../series.ts'

type AlertName = SourceAlert['alertName']

/** What the app warns of by itself (mg/dL; mg/dL/min), as /devices says. */
const LEVELS = { urgentLow: 55, urgentLowSoon: 80, low: 70, high: 250, steep: 3, falling: -2 }

/** Without a reading for so long, the app says that it hears nothing. */
const SILENCE_MS = 20 * 60_000

/** A longer gap than this, the longest dropout, and nobody knows what was before. */
const MEMORY_MS = 31 * 3_600_000

const RULES: Readonly<Record<Exclude<AlertName, 'outOfRange'>, (value: number, rate: number) => boolean>> = {
  urgentLow: (value) => value < LEVELS.urgentLow,
  urgentLowSoon: (value, rate) => value < LEVELS.urgentLowSoon && value >= LEVELS.urgentLow && rate <= LEVELS.falling,
  low: (value) => value < LEVELS.low,
  high: (value) => value > LEVELS.high,
  rise: (_, rate) => rate >= LEVELS.steep,
  fall: (_, rate) => rate <= -LEVELS.steep,
}
const NAMES = ['urgentLow', 'urgentLowSoon', 'low', 'high', 'rise', 'fall'] as const satisfies (keyof typeof RULES)[]

/** ONE+ knows neither of these (swagger). */
const NOT_ON_ONE_PLUS: readonly AlertName[] = ['urgentLow', 'urgentLowSoon', 'rise', 'fall']

/** The alerts that readings have set off: one as it begins, one as somebody snoozes it, one as it ends. */
export function alertsOf(egvs: Walk<SourceEgv>, line: Device['line']): Walk<SourceAlert> {
  const names = NAMES.filter((name) => line !== 'one-plus' || !NOT_ON_ONE_PLUS.includes(name))

  /** Alerts of [fromMs, toMs), oldest first. */
  function* ofDay({ fromMs, toMs, ...bound }: Span): Generator<SourceAlert> {
    let [before, last]: (SourceEgv | null)[] = [null, null]
    for (const egv of egvs({ ...bound, fromMs: fromMs - MEMORY_MS, toMs }, 'oldest-first')) {
      const found = [
        ...silence(last ?? null, egv),
        ...names.flatMap((name) => change(name, [before ?? null, last ?? null, egv])),
      ]
      for (const alert of found) if (alert.systemTimeMs >= fromMs && alert.systemTimeMs < toMs) yield alert
      ;[before, last] = [last, egv]
    }
  }

  return function* alerts(span, order) {
    const { fromMs, toMs, measuredBeforeMs = toMs } = span
    const endMs = Math.min(toMs, measuredBeforeMs)
    const first = Math.floor(fromMs / DAY_MS)
    const last = Math.floor(endMs / DAY_MS)
    for (let i = 0; i <= last - first; i++) {
      const day = order === 'oldest-first' ? first + i : last - i
      const part = { ...span, fromMs: Math.max(fromMs, day * DAY_MS), toMs: Math.min(endMs, (day + 1) * DAY_MS) }
      if (order === 'oldest-first') yield* ofDay(part)
      else yield* [...ofDay(part)].reverse()
    }
  }
}

const isOn = (name: keyof typeof RULES, egv: SourceEgv | null): boolean =>
  egv !== null && egv.value !== null && RULES[name](egv.value, egv.trendRate ?? 0)

function change(
  name: keyof typeof RULES,
  [before, last, egv]: readonly [SourceEgv | null, SourceEgv | null, SourceEgv],
) {
  const isNow = isOn(name, egv)
  const wasOn = isOn(name, last)
  if (isNow !== wasOn) return [alertOf(egv, name, isNow ? 'activeAlarming' : 'inactive')]
  return isNow && !isOn(name, before) ? [alertOf(egv, name, 'activeSnoozed')] : []
}

/** Nothing heard for 20 min: said then, and taken back with the next reading. */
function silence(last: SourceEgv | null, egv: SourceEgv): SourceAlert[] {
  if (!last || egv.systemTimeMs - last.systemTimeMs <= SILENCE_MS) return []
  const begun = alertOf({ ...egv, systemTimeMs: last.systemTimeMs + SILENCE_MS }, 'outOfRange', 'activeAlarming')
  return [begun, alertOf(egv, 'outOfRange', 'inactive')]
}

function alertOf(egv: SourceEgv, alertName: AlertName, alertState: SourceAlert['alertState']): SourceAlert {
  const { key, systemTimeMs, uploadTimeMs, transmitterId, transmitterTicks } = egv
  return {
    key: `${key}-${alertName}-${alertState}`,
    systemTimeMs,
    uploadTimeMs,
    transmitterId,
    transmitterTicks,
    alertName,
    alertState,
  }
}
