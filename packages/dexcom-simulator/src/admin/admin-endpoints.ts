import type { VirtualClock } from '../clock.ts'
import type { View } from '../data/visible-records.ts'
import type { Faults } from '../faults/faults.ts'
import type { CallLimits } from '../limits/call-limits.ts'
import type { Manners } from '../manners/manners.ts'
import type { Issuer } from '../push/issuer.ts'
import type { Push } from '../push/push.ts'
import type { Application } from '../regions/application.ts'
import type { Freeze } from '../regions/freeze.ts'
import type { Outage } from '../regions/outage.ts'
import type { People } from '../regions/people.ts'
import { bookEndpoints } from './book-endpoints.ts'
import { consentEndpoints } from './consent-endpoints.ts'
import type { Handler } from './handler.ts'
import type { Journal } from './journal.ts'
import { peopleEndpoints } from './people-endpoints.ts'
import { pushEndpoints } from './push-endpoints.ts'
import { serviceEndpoints } from './service-endpoints.ts'

export interface AdminInput {
  readonly books: {
    readonly clock: VirtualClock
    readonly faults: Faults
    readonly journal: Journal
    readonly manners: Manners
  }
  readonly applications: readonly [Application, ...Application[]]
  readonly people: People
  readonly limits: CallLimits
  readonly outage: Outage
  readonly freeze: Freeze
  readonly push: Push
  readonly issuer: Issuer
  readonly view: () => View
}

/**
 * Everything under /__sim: `METHOD /path` -> handler. It is the tester's side door and no part of Dexcom. Clock, faults,
 * journal and manners are the same on every port; the rest is about the region whose port is asked.
 */
export const adminHandlers = (input: AdminInput): ReadonlyMap<string, Handler> =>
  new Map([
    ...bookEndpoints(input),
    ...peopleEndpoints(input),
    ...consentEndpoints(input),
    ...serviceEndpoints(input),
    ...pushEndpoints(input),
  ])
