import { chance, hashText } from '../generator/hash.ts'
import { CABLE_MS } from '../generator/upload-time.ts'
import type { Twin } from '../options/fact-options.ts'
import type { SourceEgv, Span, TwinDisplay, Walk } from '../series.ts'

const SALT_TWIN = 70
const SECONDS_APART = 7

/** Which devices can show what the phone shows too. A watch belongs to the phone and uploads through it. */
export const TWIN_DISPLAYS = {
  receiver: { displayDevice: 'receiver', displayApp: null, mobile: false },
  watch: { displayDevice: 'iOS', displayApp: 'Watch', mobile: true },
} as const satisfies Record<Twin['device'], TwinDisplay>

interface TwinInput {
  readonly twin: Twin
  readonly dice: number
  readonly sessionEndMs: (epochMs: number) => number | null
}

/** The second device's records of the same measurements: same transmitter and ticks, by another clock, uploaded its own way. */
export function twinsOf(walk: Walk<SourceEgv>, { twin, dice, sessionEndMs }: TwinInput): Walk<SourceEgv> {
  const { device, secondsApart = SECONDS_APART, share = 1 } = twin
  const apartMs = secondsApart * 1000
  const display = TWIN_DISPLAYS[device]

  function uploadOf({ uploadTimeMs, systemTimeMs, measuredMs = systemTimeMs }: SourceEgv): number {
    const endMs = device === 'receiver' ? sessionEndMs(measuredMs) : null
    return endMs === null ? uploadTimeMs : endMs + CABLE_MS
  }
  return function* twins(span: Span, order) {
    const shifted = { ...span, fromMs: span.fromMs - apartMs, toMs: span.toMs - apartMs }
    for (const egv of walk(shifted, order)) {
      if (chance(dice, SALT_TWIN, hashText(egv.key)) >= share) continue
      const systemTimeMs = egv.systemTimeMs + apartMs
      yield {
        ...egv,
        key: `${egv.key}@${device}`,
        systemTimeMs,
        measuredMs: egv.measuredMs ?? egv.systemTimeMs,
        uploadTimeMs: uploadOf(egv),
        twin: display,
      }
    }
  }
}
