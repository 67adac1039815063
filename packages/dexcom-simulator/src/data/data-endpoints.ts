import { DATA_RANGE_PATH, DEVICES_PATH, parseWireTime, RECORD_TYPES } from '@bg-ingest/dexcom-contract'
import type { Account, Accounts } from '../accounts.ts'
import {
  type Caller,
  type Endpoint,
  type Exchange,
  jsonPieces,
  jsonReply,
  type Reply,
  type Route,
  textReply,
} from '../exchange.ts'
import type { Grants, TokenOwner } from '../oauth/grants.ts'
import { dataRange } from './data-range.ts'
import { deviceList } from './device-list.ts'
import { queryWindow } from './query-window.ts'
import { recordPage } from './record-pages.ts'
import type { PageType } from './record-texts.ts'
import { refusal } from './refusal.ts'
import type { View } from './visible-records.ts'

interface DataInput {
  readonly accounts: Pick<Accounts, 'get'>
  readonly grants: Pick<Grants, 'ownerOfAccess'>
  /** What the API shows at this moment. */
  readonly view: () => View
}

// Bodies of refusals on data paths are documented nowhere (dexcom-api.md 0.11): these texts are the simulator's own.
const UNAUTHORIZED = textReply(401, 'access token missing, unknown, expired or revoked')

const PAGES: readonly { readonly endpoint: Endpoint; readonly type: PageType; readonly path: string }[] = [
  { endpoint: 'egvs', type: 'egv', path: RECORD_TYPES.egv.path },
  { endpoint: 'calibrations', type: 'calibration', path: RECORD_TYPES.calibration.path },
  { endpoint: 'events', type: 'event', path: RECORD_TYPES.event.path },
  { endpoint: 'alerts', type: 'alert', path: '/v3/users/self/alerts' },
]

/** GET /v3/users/self/…: a good token first (401), then good dates (400), then data. */
export function dataRoutes({ accounts, grants, view }: DataInput): Route[] {
  const ownerOf = ({ authorization }: Exchange): TokenOwner | null =>
    grants.ownerOfAccess(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '')

  const identify = (exchange: Exchange): Caller => {
    const owner = ownerOf(exchange)
    return {
      user: owner?.user ?? null,
      tokenGeneration: owner?.generation ?? null,
      kind: 'data',
      spentRefreshToken: false,
    }
  }
  let calls = 0
  /** Whether ids outlive a consent is unknown (dexcom-api.md 13); those of the first consent are the ones truth tells. */
  const idSaltOf = ({ options }: Account, { consent }: TokenOwner): string => {
    if (options.recordIds === 'per-grant') return consent === 0 ? '' : `consent-${consent}`
    if (options.recordIds !== 'per-call') return ''
    calls += 1
    return `call-${calls}`
  }
  const route = (
    endpoint: Endpoint,
    path: string,
    answer: (account: Account, query: URLSearchParams, owner: TokenOwner) => Reply,
  ): Route => ({
    endpoint,
    method: 'GET',
    path,
    identify,
    handle: (exchange) => {
      const owner = ownerOf(exchange)
      const account = owner?.isValid ? accounts.get(owner.user) : undefined
      return owner && account ? answer(account, exchange.query, owner) : UNAUTHORIZED
    },
  })

  return [
    ...PAGES.map(({ endpoint, type, path }) =>
      route(endpoint, path, (account, query, owner) => {
        const asked = queryWindow(query)
        if (asked.kind === 'refused') return refusal(asked.reason, account.options.refusalBody)
        return jsonPieces(recordPage(type, account, view(), asked.window, idSaltOf(account, owner)))
      }),
    ),
    route('dataRange', DATA_RANGE_PATH, (account, query) => {
      const text = query.get('lastSyncTime')
      const since = text === null ? null : parseWireTime(text)
      const { refusalBody, lastSync } = account.options
      if (text !== null && since === null) return refusal('lastSyncTime is no time', refusalBody)
      // Unlike startDate this one must carry a zone (dexcom-api.md 3.4).
      if (since?.offsetMinutes === null && lastSync?.zone !== 'optional') {
        return refusal('lastSyncTime needs a zone', refusalBody)
      }
      return jsonReply(200, dataRange(account, view(), since?.epochMs ?? null))
    }),
    route('devices', DEVICES_PATH, (account) => jsonReply(200, deviceList(account, view()))),
  ]
}
