import { adminHandlers } from '../admin/admin-endpoints.ts'
import type { Journal } from '../admin/journal.ts'
import type { Alarms } from '../alarms.ts'
import type { View } from '../data/visible-records.ts'
import type { Faults } from '../faults/faults.ts'
import { type CallLimits, createCallLimits } from '../limits/call-limits.ts'
import type { Manners } from '../manners/manners.ts'
import type { GrantOptions } from '../oauth/grants.ts'
import { createPublicApi, type SharedBooks } from '../public-api.ts'
import { createCourier } from '../push/courier.ts'
import { createIssuer } from '../push/issuer.ts'
import { createPush, type Push } from '../push/push.ts'
import { type Server, startServer } from '../server.ts'
import { type Application, createApplication } from './application.ts'
import { combineRoutes } from './combined-routes.ts'
import { createFreeze, type Freeze } from './freeze.ts'
import { createOutage, type Outage } from './outage.ts'
import { createPeople, type People } from './people.ts'
import type { ApplicationOptions, RegionOptions } from './region-options.ts'

/** What all regions of one simulator have in common. */
export interface RegionSetting {
  readonly host: string
  readonly seed: string
  readonly books: SharedBooks & { readonly faults: Faults; readonly journal: Journal; readonly manners: Manners }
  readonly alarms: Alarms
  readonly grants: Pick<GrantOptions, 'accessTokenSeconds' | 'refreshReuse' | 'graceMs'>
  /** `true`: the callback carries this region's address as `iss`; a text is sent as it stands. */
  readonly callbackIssuer: boolean | string
  readonly signal: AbortSignal
}

/** One Dexcom host: its own port, credentials, accounts, limits and failures. */
export interface Region {
  readonly name: string
  readonly baseUrl: string
  readonly applications: readonly [Application, ...Application[]]
  readonly people: People
  readonly limits: CallLimits
  readonly outage: Outage
  readonly freeze: Freeze
  readonly push: Push
  readonly view: () => View
  readonly stop: Server['stop']
}

/** Elsewhere than in the US (dexcom-api.md 5). */
const DELAY_SECONDS = 10_800

/** Starts one region. Rejects where its port is taken, where two users share a name or two applications an id. */
export async function startRegion(options: RegionOptions, setting: RegionSetting, isFirst: boolean): Promise<Region> {
  const { name, port = 0, vendorDelaySeconds = DELAY_SECONDS } = options
  const { books, alarms, host, callbackIssuer, signal } = setting
  const { clock, monotonicMs } = books
  // The server is started last: until then its address is not known, and nobody has asked.
  const server: { current: Server | null } = { current: null }
  const baseUrl = () => server.current?.baseUrl ?? ''

  const freeze = createFreeze(alarms)
  const view = (): View => ({
    nowMs: Math.min(clock.now(), freeze.sinceMs() ?? Number.POSITIVE_INFINITY),
    vendorDelayMs: vendorDelaySeconds * 1000,
  })
  const create = ({ clientId, clientSecret, redirectUris = [] }: ApplicationOptions): Application =>
    createApplication({
      seed: setting.seed,
      startMs: clock.startMs,
      clientId,
      clientSecret,
      redirectUris,
      grants: { ...setting.grants, monotonicMs },
      view,
      nowMs: clock.now,
      callbackIssuer: () => (callbackIssuer === true ? baseUrl() : callbackIssuer === false ? null : callbackIssuer),
    })
  const [firstOptions, ...others] = options.applications
  if (!firstOptions) throw new RangeError('a region needs an application')
  const applications = [create(firstOptions), ...others.map(create)] as const
  const ids = applications.map(({ client }) => client.id)
  if (new Set(ids).size < ids.length) throw new RangeError('two applications of a region share a client id')
  const people = createPeople(applications)
  for (const user of options.users) if (!people.add(user)) throw new RangeError('two simulated users share a name')

  const limits = createCallLimits(options.limits ?? null, monotonicMs)
  const outage = createOutage({ alarms, setListening: (isListening) => server.current?.setListening(isListening) })
  const issuer = createIssuer(() => `${baseUrl()}/__sim/issuer`)
  const push = createPush({
    application: applications[0],
    view,
    alarms,
    courier: createCourier({ issuer, alarms, signal }),
  })
  const nameOf = (user: string, clientId: string | null) =>
    isFirst && (clientId === null || clientId === ids[0]) ? user : [name, clientId, user].join('/')
  server.current = await startServer({
    host,
    port,
    publicApi: createPublicApi({ books, region: name, routes: combineRoutes(applications), limits, outage, nameOf }),
    admin: adminHandlers({ books, applications, people, limits, outage, freeze, push, issuer, view }),
  })
  const { stop } = server.current
  return { name, baseUrl: baseUrl(), applications, people, limits, outage, freeze, push, view, stop }
}
