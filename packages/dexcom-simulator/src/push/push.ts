import { randomUUID } from 'node:crypto'
import type { Account } from '../accounts.ts'
import type { Alarms } from '../alarms.ts'
import { recordPage } from '../data/record-pages.ts'
import type { View } from '../data/visible-records.ts'
import type { Application } from '../regions/application.ts'
import type { Courier, PushAttempt } from './courier.ts'
import { deliveryBody, type PushDelivery } from './delivery-request.ts'
import type { PushOptions } from './push-options.ts'

/** Dexcom's sender of one region, which tells one application of new readings. */
export interface Push {
  readonly options: () => PushOptions | null
  /** Starts, changes or, by null, ends it. What is visible at the start is not pushed. */
  readonly set: (options: PushOptions | null) => void
  /** Pushes what has become visible since the last look; resolves when each delivery was tried once. Returns how many. */
  readonly look: () => Promise<number>
  /** Delivers a person's newest readings now, new or not. Null where nobody is pushed to or the name is unknown. */
  readonly send: (user: string) => Promise<number | null>
  readonly attempts: () => readonly PushAttempt[]
}

interface PushSetting {
  readonly application: Pick<Application, 'accounts' | 'grants' | 'streams'>
  readonly view: () => View
  readonly alarms: Alarms
  readonly courier: Courier
}

interface WireRecord {
  readonly recordId?: string
  readonly systemTime?: string
}

const HOUR_MS = 3_600_000
/** How many readings `send` delivers: an hour of them. */
const NEWEST = 12

export function createPush({ application, view, alarms, courier }: PushSetting): Push {
  const { accounts, grants, streams } = application
  /** What was visible at the last look, by account. */
  const known = new Map<string, ReadonlySet<string>>()
  let options: PushOptions | null = null
  let callOff: (() => void) | null = null

  const isSubscribed = ({ name }: Account, { everyone }: PushOptions) =>
    everyone ? grants.isConnected(name) : streams.get(name)?.active === true && grants.isConnected(name)

  /** The records that /egvs would show, oldest first. */
  function visible(account: Account, { lookbackHours, isRealtime }: PushOptions): WireRecord[] {
    const { nowMs, vendorDelayMs } = view()
    const seen = { nowMs, vendorDelayMs: isRealtime ? 0 : vendorDelayMs }
    const span = { fromMs: nowMs - lookbackHours * HOUR_MS, toMs: nowMs + 1 }
    const { records } = JSON.parse([...recordPage('egv', account, seen, span)].join('')) as { records: WireRecord[] }
    return records.toSorted((a, b) => ((a.systemTime ?? '') < (b.systemTime ?? '') ? -1 : 1))
  }

  function fresh(account: Account, current: PushOptions): WireRecord[] {
    const before = known.get(account.name)
    const records = visible(account, current)
    known.set(account.name, new Set(records.map(({ recordId = '' }) => recordId)))
    return before ? records.filter(({ recordId = '' }) => !before.has(recordId)) : []
  }

  function deliveriesOf(account: Account, records: readonly WireRecord[], current: PushOptions): PushDelivery[] {
    const { modes, batch, users, url, floodSize } = current
    if (records.length === 0 || modes.includes('silence')) return []
    const parts = batch === 'all' ? [records] : records.map((record) => [record])
    const copies = modes.includes('flood') ? floodSize : 1
    const deliveries = parts.flatMap((part) =>
      Array.from({ length: copies }, () => ({
        webhookId: `msg_${randomUUID()}`,
        user: account.name,
        url: url.replaceAll('{user}', encodeURIComponent(users[account.name] ?? account.name)),
        body: deliveryBody(current, account.shownUserId, part),
        records: part.length,
      })),
    )
    const repeated = modes.includes('duplicate') ? deliveries.flatMap((delivery) => [delivery, delivery]) : deliveries
    return modes.includes('reorder') ? repeated.toReversed() : repeated
  }

  /** One person's deliveries one after the other, so that their order is the one that was meant. */
  async function deliverAll(deliveries: readonly PushDelivery[], current: PushOptions): Promise<number> {
    if (current.modes.includes('flood')) await Promise.all(deliveries.map((one) => courier.deliver(one, current)))
    else for (const delivery of deliveries) await courier.deliver(delivery, current)
    return deliveries.length
  }

  async function look(): Promise<number> {
    const current = options
    if (!current) return 0
    const subscribed = accounts.list().filter((account) => isSubscribed(account, current))
    const counts = subscribed.map((account) =>
      deliverAll(deliveriesOf(account, fresh(account, current), current), current),
    )
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  function arm(everyMs: number): void {
    callOff = alarms.at('virtual', alarms.now('virtual') + everyMs, () => {
      // Attempts settle for themselves; a look never rejects.
      void look()
      if (options) arm(options.everyMs)
    })
  }

  return {
    options: () => options,
    set: (next) => {
      callOff?.()
      options = next
      if (!next) return known.clear()
      for (const account of accounts.list()) if (!known.has(account.name)) fresh(account, next)
      arm(next.everyMs)
    },
    look,
    send: async (user) => {
      const account = accounts.get(user)
      if (!options || !account) return null
      return deliverAll(deliveriesOf(account, visible(account, options).slice(-NEWEST), options), options)
    },
    attempts: courier.attempts,
  }
}
