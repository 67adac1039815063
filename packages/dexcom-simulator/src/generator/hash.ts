/** Murmur3's finalizer: spreads every input bit over all 32 output bits. */
function spread(n: number): number {
  let h = n | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** FNV-1a over UTF-16 units, then spread: a 32-bit number for a text. */
export function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return spread(h)
}

/** A number in [0, 1) that depends on its arguments alone. Chained, so that neighbouring indexes share nothing. */
export const chance = (seed: number, salt: number, index: number): number =>
  spread(seed ^ spread(index ^ spread(salt + 0x9e3779b9))) / 2 ** 32

/** A number in [low, high). */
export const between = (low: number, high: number, share: number): number => low + (high - low) * share
