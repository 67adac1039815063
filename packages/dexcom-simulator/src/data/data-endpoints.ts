import { DATA_RANGE_PATH, DEVICES_PATH, parseWireTime, RECORD_TYPES, type RecordType } from '@bg-ingest/dexcom-contract'
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
import type { View } from './visible-records.ts'

interface DataInput {
  readonly accounts: Pick<Accounts, 'get'>
  readonly grants: Pick<Grants, 'ownerOfAccess'>
  /** What the API shows at this moment. */
  readonly view: () => View
}

// Bodies of refusals on data paths are documented nowhere (dexcom-api.md 0.11): these texts are the simulator's own.
const UNAUTHORIZED = textReply(401, 'access token missing, unknown, expired or revoked')

const PAGES: readonly { readonly endpoint: Endpoint; readonly type: RecordType }[] = [
  { endpoint: 'egvs', type: 'egv' },
  { endpoint: 'calibrations', type: 'calibration' },
  { endpoint: 'events', type: 'event' },
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
  const route = (
    endpoint: Endpoint,
    path: string,
    answer: (account: Account, query: URLSearchParams) => Reply,
  ): Route => ({
    endpoint,
    method: 'GET',
    path,
    identify,
    handle: (exchange) => {
      const owner = ownerOf(exchange)
      const account = owner?.isValid ? accounts.get(owner.user) : undefined
      return account ? answer(account, exchange.query) : UNAUTHORIZED
    },
  })

  return [
    ...PAGES.map(({ endpoint, type }) =>
      route(endpoint, RECORD_TYPES[type].path, (account, query) => {
        const asked = queryWindow(query)
        if (asked.kind === 'refused') return textReply(400, asked.reason)
        return jsonPieces(recordPage(type, account, view(), asked.window))
      }),
    ),
    route('dataRange', DATA_RANGE_PATH, (account, query) => {
      const text = query.get('lastSyncTime')
      const since = text === null ? null : parseWireTime(text)
      // Unlike startDate this one must carry a zone (dexcom-api.md 3.4).
      if (text !== null && (since === null || since.offsetMinutes === null)) {
        return textReply(400, 'lastSyncTime needs a zone')
      }
      return jsonReply(200, dataRange(account, view(), since?.epochMs ?? null))
    }),
    route('devices', DEVICES_PATH, (account) => jsonReply(200, deviceList(account, view()))),
  ]
}
