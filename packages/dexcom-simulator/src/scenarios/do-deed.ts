import { AppError } from '@bg-ingest/domain'
import { PushOptions } from '../push/push-options.ts'
import type { Region } from '../regions/region.ts'
import type { Deed } from './deeds.ts'
import type { Stage } from './play-scenario.ts'

interface Place {
  readonly stage: Stage
  readonly region: Region
  /** The virtual moment that the step was due at. */
  readonly atMs: number
}

type Doer<K extends Deed['kind']> = (deed: Extract<Deed, { readonly kind: K }>, place: Place) => unknown

const DOERS: { readonly [K in Deed['kind']]: Doer<K> } = {
  note: () => undefined,
  data: ({ user, options }, { region }) => {
    if (!region.people.change(user, options)) throw nobody('user', user)
  },
  quirks: ({ user, quirks }, { region: { people } }) => {
    for (const name of user === undefined ? people.list().map((account) => account.name) : [user]) {
      if (!people.setQuirks(name, quirks)) throw nobody('user', name)
    }
  },
  fault: ({ rule }, { stage }) => stage.faults.add(rule),
  'clear-faults': (_, { stage }) => stage.faults.clear(),
  limits: ({ limits }, { region }) => region.limits.set(limits),
  outage: ({ outage }, { region }) => region.outage.begin(outage),
  'end-outage': (_, { region }) => region.outage.end(),
  freeze: ({ freeze }, { region, atMs }) => region.freeze.begin(freeze, atMs),
  thaw: (_, { region }) => region.freeze.end(),
  push: ({ push }, { region }) => region.push.set(push),
  'push-modes': ({ modes }, { region: { push } }) => {
    // Without a receiver there is nobody to be impolite to: whoever plays the scenario sets one.
    const options = push.options()
    if (options) push.set(PushOptions.parse({ ...options, modes }))
  },
  'push-send': ({ user, times }, { region: { people, push } }) => {
    if (!people.get(user)) throw nobody('user', user)
    // Deliveries settle for themselves and never reject.
    for (let i = 0; i < times; i++) void push.send(user)
  },
  clock: ({ setMs, advanceMs, speed }, { stage: { clock } }) => {
    if (setMs !== undefined) clock.set(setMs)
    if (advanceMs !== undefined) clock.advance(advanceMs)
    if (speed !== undefined) clock.setSpeed(speed)
  },
  revoke: ({ user, clientId }, { region: { people } }) => {
    if (!people.get(user)) throw nobody('user', user)
    people.revoke(user, clientId)
  },
  'change-password': ({ user }, { region: { people } }) => {
    if (!people.get(user)) throw nobody('user', user)
    people.changePassword(user)
  },
  'rotate-secret': ({ secret, clientId }, { region: { applications } }) => {
    const id = clientId ?? applications[0].client.id
    const application = applications.find(({ client }) => client.id === id)
    if (!application) throw nobody('application', id)
    application.client.rotateSecret(secret)
  },
  'expire-all': (_, { region }) => region.people.expireAll(),
  'expire-access-tokens': ({ user }, { region }) => region.people.expireAccessTokens(user),
}

/** Does what a step says. `atMs`: the virtual moment it was due at. Throws invalid_request for a name nobody has. */
export function doDeed(deed: Deed, stage: Stage, atMs: number): void {
  const region = regionOf(stage.regions, 'region' in deed ? deed.region : undefined)
  const doer = DOERS[deed.kind] as (deed: Deed, place: Place) => unknown
  doer(deed, { stage, region, atMs })
}

function regionOf(regions: ReadonlyMap<string, Region>, name: string | undefined): Region {
  const [first] = regions.values()
  const region = name === undefined ? first : regions.get(name)
  if (!region) throw nobody('region', name ?? '')
  return region
}

const nobody = (what: string, name: string) =>
  new AppError('invalid_request', `There is no ${what} ${JSON.stringify(name)}`)
