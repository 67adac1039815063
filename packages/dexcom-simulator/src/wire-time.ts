/** How Dexcom has been seen to print the same instant otherwise (dexcom-api.md 4). */
export interface TimeStyle {
  /** `:00` is left out, as java.time does. */
  readonly dropsSeconds?: boolean
  /** So many digits of fraction, also where they are zero. */
  readonly fractionDigits?: 3 | 6 | 9
}

/**
 * An instant as Dexcom prints it: java.time style, a fraction only where it is not zero, `Z` for a zero offset, no zone
 * at all for a receiver (dexcom-api.md 4). Seconds stay unless the style says otherwise. The offset is in seconds.
 */
export function wireTime(epochMs: number, offsetSeconds: number | null, style: TimeStyle = {}): string {
  const iso = new Date(epochMs + (offsetSeconds ?? 0) * 1000).toISOString().slice(0, -1)
  const wall = styled(iso, style)
  if (offsetSeconds === null) return wall
  return offsetSeconds === 0 ? `${wall}Z` : `${wall}${offsetText(offsetSeconds)}`
}

/** `iso` ends in three digits of fraction; those behind them are zero, because an epoch time has none. */
function styled(iso: string, { dropsSeconds = false, fractionDigits }: TimeStyle): string {
  if (fractionDigits !== undefined) return iso.padEnd(iso.length - 3 + fractionDigits, '0')
  if (!iso.endsWith('.000')) return iso
  return dropsSeconds && iso.endsWith(':00.000') ? iso.slice(0, -':00.000'.length) : iso.slice(0, -'.000'.length)
}

function offsetText(offsetSeconds: number): string {
  const size = Math.abs(offsetSeconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const seconds = size % 60 === 0 ? '' : `:${two(size % 60)}`
  return `${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}${seconds}`
}
