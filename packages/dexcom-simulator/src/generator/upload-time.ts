import type { Device } from '../devices.ts'
import type { Calendar } from './calendar.ts'
import { between, chance } from './hash.ts'
import type { SensorSession } from './sensor-sessions.ts'

const SALT_UPLOAD = 10

/** A phone with signal uploads within half a minute. */
const PROMPT_MS = [2000, 25_000] as const

/** Pace of a burst: a record each 0.2 s for every 5 min of measuring, so 12 h arrive within half a minute, in order. */
export const BURST_PACE = 200 / 300_000

/** Somebody plugs the receiver into a computer an hour after the sensor has ended (dexcom-api.md 2.10). */
export const CABLE_MS = 3_600_000

/** When what was measured at an instant reaches the cloud: at once, after an outage, or by cable. Epoch milliseconds. */
export function uploadTimeOf(
  epochMs: number,
  from: {
    readonly seed: number
    readonly device: Device
    readonly calendar: Calendar
    readonly session: SensorSession
  },
): number {
  if (!from.device.mobile) return from.session.endMs + CABLE_MS
  let uploadMs = epochMs + Math.floor(between(...PROMPT_MS, chance(from.seed, SALT_UPLOAD, epochMs / 1000)))
  for (const { outage } of from.calendar.plansAround(epochMs)) {
    if (!outage || epochMs < outage.fromMs || epochMs >= outage.toMs) continue
    uploadMs = Math.max(uploadMs, outage.uploadMs + Math.floor((epochMs - outage.fromMs) * BURST_PACE))
  }
  return uploadMs
}
