import type { Account } from '../accounts.ts'
import { chance, hashText } from '../generator/hash.ts'
import type { QuirkName } from '../options/quirks.ts'
import type { SourceRecord } from '../series.ts'

const SALT_QUIRK = 80

/** Whether a quirk falls on a record: the same answer for the same seed, user, record and quirk, and for twins. */
export type HasQuirk = (quirk: QuirkName, key: SourceRecord['key']) => boolean

/** Where nothing else tells twins from two measurements, their transmitter is left alone. */
const NEEDED_BY_TWINS: readonly QuirkName[] = ['emptyTransmitterId', 'noTransmitterId']

export function createQuirkDice({ options, dice }: Pick<Account, 'options' | 'dice'>): HasQuirk {
  const shares = new Map<string, { readonly share: number; readonly seed: number }>()
  for (const [quirk, share] of Object.entries(options.quirks ?? {})) {
    if (options.twin && NEEDED_BY_TWINS.some((name) => name === quirk)) continue
    shares.set(quirk, { share: share === 'always' ? 1 : share, seed: hashText(`${dice}\n${quirk}`) })
  }
  if (shares.size === 0) return () => false
  return (quirk, key) => {
    const known = shares.get(quirk)
    return known !== undefined && chance(known.seed, SALT_QUIRK, hashText(measurementOf(key))) < known.share
  }
}

/** `1234@receiver` is the twin of `1234`. */
const measurementOf = (key: string): string => key.split('@', 1)[0] ?? key
