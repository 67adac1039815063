import type { SimulatedUser } from '@bg-ingest/dexcom-simulator'
import { type Account, createAccounts } from '@bg-ingest/dexcom-simulator/parts'

export const START_MS = Date.UTC(2026, 10, 20, 12)

interface Setting {
  readonly seed?: string
  readonly clientId?: string
  readonly startMs?: number
}

export function accountOf(
  user: SimulatedUser,
  { seed = 'test', clientId = 'app', startMs = START_MS }: Setting = {},
): Account {
  const accounts = createAccounts({ seed, clientId, startMs })
  accounts.add(user)
  const account = accounts.get(user.name)
  if (!account) throw new Error('the account was just added')
  return account
}

/** A made-up person; what is not said is valid and dull. */
export const person = (more: Partial<Extract<SimulatedUser, { kind: 'generated' }>> = {}): SimulatedUser => ({
  name: 'ada',
  kind: 'generated',
  profile: 'lively',
  zone: 'America/New_York',
  ...more,
})
