import { hash } from 'node:crypto'
import type { Vault } from './vault.ts'

/** As long as unwrapped data keys are remembered (vault.ts). An access token is replaced every two hours. */
const REMEMBERED_MS = 3_600_000
/** More people than one worker polls; some 12 MB. */
const REMEMBERED_TOKENS = 10_000
const FIELD = 'access_token'

interface Opened {
  readonly plain: string
  readonly untilMs: number
}

/**
 * The vault of whoever polls: an access token that was opened within the hour is not opened again. Opening takes 1.1 ms of
 * CPU, a dozen jobs that do nothing, and every poll did it (docs/performance/sync.md). Refresh tokens and codes, which
 * are used once, are not remembered. Named by person and sealed text, so that nobody gets another's. `now` never jumps.
 */
export function rememberAccessTokens(vault: Vault, now: () => number): Vault {
  const opened = new Map<string, Opened>()
  const known = (name: string) => {
    const found = opened.get(name)
    if (found && found.untilMs > now()) return found.plain
    opened.delete(name)
    return null
  }
  return {
    ...vault,
    async open(userId, field, sealed) {
      if (field !== FIELD) return vault.open(userId, field, sealed)
      const name = hash('sha256', `${userId}\n${sealed}`, 'base64url')
      const plain = known(name) ?? (await vault.open(userId, field, sealed))
      // Set anew only when opened, so the oldest comes first and is no longer than an hour old.
      if (!opened.has(name)) opened.set(name, { plain, untilMs: now() + REMEMBERED_MS })
      const [oldest] = opened.keys()
      if (opened.size > REMEMBERED_TOKENS && oldest !== undefined) opened.delete(oldest)
      return plain
    },
  }
}
