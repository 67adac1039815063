import { AppError } from '@bg-ingest/domain'
import type { Connection, SealedTokens } from './connection.ts'
import type { Held } from './lease.ts'
import type { Grant, Ports } from './ports.ts'
import { TOKEN_RULES } from './token-rules.ts'
import { tokenTimes } from './token-timing.ts'

/** Both tokens of a grant as they are stored: encrypted, bound to the person and to their field. */
export async function sealGrant(
  ports: Ports,
  { userId }: Pick<Connection, 'userId'>,
  grant: Grant,
  version: number,
): Promise<SealedTokens> {
  // Life is counted from here, not from when a key service answers.
  const times = tokenTimes(userId, version, ports.clock.now(), grant.expiresInSeconds)
  const [access, refresh] = await persistGrant(ports, () =>
    Promise.all([
      ports.vault.seal(userId, 'access_token', grant.accessToken),
      ports.vault.seal(userId, 'refresh_token', grant.refreshToken),
    ]),
  )
  return {
    access,
    refresh,
    ...times,
    version,
    presentedAt: null,
    presentations: 0,
    presentAgainAt: null,
    stamp: ports.newId(),
  }
}

/** Asks for a grant and saves it, as one of at most two in this process: that many does a crash cost (promises.md N12). */
export function inOneTurn<T>({ dexcom, unbroken }: Ports, held: Held, work: () => Promise<T>): Promise<T> {
  return dexcom.tokenTurn(() => (unbroken ? unbroken.run(work) : work()), held.signal)
}

/** Repeats one step of saving a grant while it fails, but not behind a newer fence: what can be saved there is saved. */
export async function persistGrant<T>(ports: Ports, save: () => Promise<T>): Promise<T> {
  const { persistMs, persistPauseMs } = ports.tokenRules ?? TOKEN_RULES
  const until = ports.clock.monotonic() + persistMs
  for (;;) {
    try {
      return await save()
    } catch (err) {
      if (AppError.from(err).code === 'lease_lost' || ports.clock.monotonic() >= until) throw err
      await ports.pause(persistPauseMs)
    }
  }
}
