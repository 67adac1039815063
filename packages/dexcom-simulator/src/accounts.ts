import { DAY_MS } from '@bg-ingest/domain'
import { DEVICES, type Device } from './devices.ts'
import { createAccountSeries } from './facts/account-series.ts'
import { createGeneratedSeries } from './generator/generated-series.ts'
import { hashText } from './generator/hash.ts'
import { dexcomUserId } from './identity.ts'
import type { Quirks } from './options/quirks.ts'
import { createReplaySeries } from './replay-series.ts'
import type { Life, Series } from './series.ts'
import type { DataOptions, SimulatedUser } from './users.ts'

const DEFAULT_ZONE = 'America/New_York'
const DEFAULT_HISTORY_DAYS = 30

/** One Dexcom account: who it is, what it wears, what it has measured, how Dexcom tells it. */
export interface Account {
  readonly name: string
  readonly kind: SimulatedUser['kind']
  /** The pseudonym that ids of records are made from. */
  readonly dexcomUserId: string
  /** The pseudonym that answers carry: another account's where the options say so. */
  readonly shownUserId: string
  readonly zone: string
  readonly device: Device
  readonly series: Series
  readonly options: DataOptions
  /** What shares of records are chosen with. */
  readonly dice: number
}

export interface Accounts {
  readonly list: () => readonly Account[]
  readonly get: (name: string) => Account | undefined
  /** False where the name is taken. */
  readonly add: (user: SimulatedUser) => boolean
  /** Replaces the options that are named, from the next answer on. False where there is no such user. */
  readonly change: (name: string, options: DataOptions) => boolean
  /** Replaces all quirks of a user; `{}` ends them. False where there is no such user. */
  readonly setQuirks: (name: string, quirks: Quirks) => boolean
}

interface AccountsInput {
  readonly seed: string
  readonly clientId: string
  /** History reaches back from here, epoch milliseconds. */
  readonly startMs: number
}

export function createAccounts({ seed, clientId, startMs }: AccountsInput): Accounts {
  const accounts = new Map<string, { readonly user: SimulatedUser; readonly account: Account }>()

  function lifeOf(user: SimulatedUser, zone: string, device: Device): Life {
    const { name } = user
    if (user.kind === 'replay') return createReplaySeries({ seed, name, readings: user.readings })
    const { profile, cadence, milliseconds } = user
    const firstMs = startMs - (user.historyDays ?? DEFAULT_HISTORY_DAYS) * DAY_MS
    return createGeneratedSeries({ seed, name, profile, zone, device, firstMs, cadence, milliseconds })
  }

  function put(user: SimulatedUser): void {
    const { name, kind } = user
    const zone = user.zone ?? (kind === 'replay' ? 'UTC' : DEFAULT_ZONE)
    const device = DEVICES[user.device ?? 'g7-ios']
    const dice = hashText(`${seed}\noptions\n${name}`)
    const series = createAccountSeries({ life: lifeOf(user, zone, device), facts: user, device, dice })
    const idOf = (of: string) => dexcomUserId(seed, clientId, of)
    const ids = { dexcomUserId: idOf(name), shownUserId: idOf(user.answersAs ?? name) }
    accounts.set(name, { user, account: { name, kind, ...ids, zone, device, series, options: user, dice } })
  }

  function change(name: string, options: DataOptions): boolean {
    const known = accounts.get(name)
    if (known) put({ ...known.user, ...options })
    return known !== undefined
  }

  return {
    list: () => [...accounts.values()].map(({ account }) => account),
    get: (name) => accounts.get(name)?.account,
    add: (user) => {
      if (accounts.has(user.name)) return false
      put(user)
      return true
    },
    change,
    setQuirks: (name, quirks) => change(name, { quirks }),
  }
}
