import type { SourceRecord } from '../series.ts'
import { type TimeStyle, wireTime } from '../wire-time.ts'
import type { ZoneOffset } from '../zone.ts'
import type { HasQuirk } from './quirk-dice.ts'

export interface WireTimes {
  readonly systemTime: string
  readonly displayTime: string
}

const FRACTION_DIGITS = [3, 6, 9] as const

/** The two clocks behind displayTime and systemTime are read one after the other (dexcom-api.md 4). */
const UNSYNCHRONISED_SECONDS = 2

/** Writes systemTime and displayTime of a record, with the quirks that concern them. No quirk changes the instant. */
export function createTimeWriter(offsetOf: ZoneOffset, hasQuirk: HasQuirk) {
  const styleOf = ({ key, systemTimeMs }: Pick<SourceRecord, 'key' | 'systemTimeMs'>): TimeStyle => {
    const digits = FRACTION_DIGITS[Math.abs(Math.floor(systemTimeMs / 1000)) % FRACTION_DIGITS.length]
    if (digits && hasQuirk('fraction', key)) return { fractionDigits: digits }
    return { dropsSeconds: hasQuirk('dropSeconds', key) }
  }

  // A receiver writes no zone, in both fields (dexcom-api.md 4). Where a clock is wrong, the person still is somewhere.
  return (record: Pick<SourceRecord, 'key' | 'systemTimeMs' | 'measuredMs'>, isMobile: boolean): WireTimes => {
    const { key, systemTimeMs, measuredMs = systemTimeMs } = record
    const offset = offsetOf(measuredMs)
    const style = styleOf(record)
    if (!isMobile) {
      return {
        systemTime: wireTime(systemTimeMs, null, style),
        displayTime: wireTime(systemTimeMs + offset * 1000, null, style),
      }
    }
    const ahead = hasQuirk('offsetSeconds', key) ? UNSYNCHRONISED_SECONDS : 0
    return {
      systemTime: wireTime(systemTimeMs, 0, style),
      displayTime: wireTime(systemTimeMs, offset + ahead, style),
    }
  }
}
