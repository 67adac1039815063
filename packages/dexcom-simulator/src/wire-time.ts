/**
 * An instant as Dexcom prints it: java.time style, a fraction only where it is not zero, `Z` for a zero offset, no zone
 * at all for a receiver (dexcom-api.md 4). Seconds stay, also when they are zero.
 */
export function wireTime(epochMs: number, offsetMinutes: number | null): string {
  const iso = new Date(epochMs + (offsetMinutes ?? 0) * 60_000).toISOString()
  const wall = iso.endsWith('.000Z') ? iso.slice(0, 19) : iso.slice(0, 23)
  if (offsetMinutes === null) return wall
  if (offsetMinutes === 0) return `${wall}Z`
  const size = Math.abs(offsetMinutes)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${wall}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
