import { DAY_MS } from '@bg-ingest/domain'
import { DEVICES, type Device } from './devices.ts'
import { createGeneratedSeries } from './generator/generated-series.ts'
import { dexcomUserId } from './identity.ts'
import { createReplaySeries } from './replay-series.ts'
import type { Series } from './series.ts'
import type { SimulatedUser } from './users.ts'

const DEFAULT_ZONE = 'America/New_York'
const DEFAULT_HISTORY_DAYS = 30

/** One Dexcom account: who it is, what it wears, what it has measured. */
export interface Account {
  readonly name: string
  readonly kind: SimulatedUser['kind']
  /** The pseudonym that answers carry. */
  readonly dexcomUserId: string
  readonly zone: string
  readonly device: Device
  readonly series: Series
}

export interface Accounts {
  readonly list: () => readonly Account[]
  readonly get: (name: string) => Account | undefined
  /** False where the name is taken. */
  readonly add: (user: SimulatedUser) => boolean
}

interface AccountsInput {
  readonly seed: string
  readonly clientId: string
  /** History reaches back from here, epoch milliseconds. */
  readonly startMs: number
}

export function createAccounts({ seed, clientId, startMs }: AccountsInput): Accounts {
  const accounts = new Map<string, Account>()

  function seriesOf(user: SimulatedUser, zone: string, device: Device): Series {
    if (user.kind === 'replay') return createReplaySeries({ seed, name: user.name, readings: user.readings })
    const firstMs = startMs - (user.historyDays ?? DEFAULT_HISTORY_DAYS) * DAY_MS
    return createGeneratedSeries({ seed, name: user.name, profile: user.profile, zone, device, firstMs })
  }

  return {
    list: () => [...accounts.values()],
    get: (name) => accounts.get(name),
    add: (user) => {
      const { name, kind } = user
      if (accounts.has(name)) return false
      const zone = user.zone ?? (kind === 'replay' ? 'UTC' : DEFAULT_ZONE)
      const device = DEVICES[user.device ?? 'g7-ios']
      const series = seriesOf(user, zone, device)
      accounts.set(name, { name, kind, dexcomUserId: dexcomUserId(seed, clientId, name), zone, device, series })
      return true
    },
  }
}
