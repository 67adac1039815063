import type { Account } from '../accounts.ts'
import type { Quirks } from '../options/quirks.ts'
import type { DataOptions, SimulatedUser } from '../users.ts'
import type { Application } from './application.ts'

/** The accounts of a region over all of its applications, and what people do at Dexcom's own pages. */
export interface People {
  /** As the first application sees them. */
  readonly list: () => readonly Account[]
  readonly get: (name: string) => Account | undefined
  /** False where the name is taken. */
  readonly add: (user: SimulatedUser) => boolean
  /** Replaces the options that are named. False where there is no such user. */
  readonly change: (name: string, options: DataOptions) => boolean
  /** Replaces all quirks of a user. False where there is no such user. */
  readonly setQuirks: (name: string, quirks: Quirks) => boolean
  /** Takes consent back, from one application where it is named. Returns how many sessions it ended. */
  readonly revoke: (name: string, clientId?: string) => number
  /** Ends every session of a person, and codes that were not used yet. */
  readonly changePassword: (name: string) => number
  /** Ends every session of everybody. */
  readonly expireAll: () => number
  readonly expireAccessTokens: (name?: string) => number
}

export function createPeople(applications: readonly [Application, ...Application[]]): People {
  const [{ accounts }] = applications
  const sum = (of: (application: Application) => number) => applications.reduce((total, app) => total + of(app), 0)
  // Each of them holds the same people, so one answer stands for all.
  const inAll = (does: (application: Application) => boolean) => applications.map(does).every(Boolean)
  return {
    list: accounts.list,
    get: accounts.get,
    add: (user) => inAll((application) => application.accounts.add(user)),
    change: (name, options) => inAll((application) => application.accounts.change(name, options)),
    setQuirks: (name, quirks) => inAll((application) => application.accounts.setQuirks(name, quirks)),
    revoke: (name, clientId) =>
      sum(({ client, grants }) => (clientId === undefined || client.id === clientId ? grants.revoke(name) : 0)),
    changePassword: (name) => sum(({ grants }) => grants.endEverything(name)),
    expireAll: () => sum(({ grants }) => grants.endEverything()),
    expireAccessTokens: (name) => sum(({ grants }) => grants.expireAccessTokens(name)),
  }
}
