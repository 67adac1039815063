import { hash } from 'node:crypto'
import { type Exchange, jsonReply, type Reply } from '../exchange.ts'
import type { FaultActionOf, RetryAfter } from './fault-actions.ts'

const JSON_TYPE = 'application/json;charset=UTF-8'
const HTML_PAGE =
  '<!doctype html><html><head><title>Dexcom</title></head><body><h1>We will be back soon</h1></body></html>'
/** The userId of nobody: 64 hex as Dexcom's are. */
const FOREIGN_USER_ID = hash('sha256', 'somebody else')

export function statusReply(action: FaultActionOf<'status'>, exchange: Exchange): Reply {
  const { status, retryAfter, contentType = 'application/json', body = '', echoesCredentials = false } = action
  return {
    status,
    headers: {
      'content-type': contentType,
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfterText(retryAfter) }),
    },
    // 204 and 304 have no body; Node would refuse to send one.
    ...(status === 204 || status === 304 ? {} : { body: echoesCredentials ? stackTrace(exchange) : body }),
  }
}

const retryAfterText = (value: RetryAfter): string =>
  typeof value === 'object' ? new Date(Date.now() + value.dateInSeconds * 1000).toUTCString() : String(value)

const stackTrace = ({ method, path, authorization, body }: Exchange): string =>
  JSON.stringify({
    message: 'Internal Server Error',
    trace: `java.lang.IllegalStateException: ${method} ${path} authorization=[${authorization}] form=[${body}]`,
  })

export const redirectReply = ({ status, to }: FaultActionOf<'redirect'>, { path, query }: Exchange): Reply => {
  const search = query.size === 0 ? '' : `?${query}`
  return { status, headers: { location: `${to}${path}${search}` } }
}

export const tokenErrorReply = ({ status, error }: FaultActionOf<'token-error'>): Reply => jsonReply(status, { error })

/** A 200 with a body that no client may take for an answer. */
export function oddReply({ body, depth }: FaultActionOf<'body'>, { path }: Exchange): Reply {
  const wrapper = (more: object) => JSON.stringify({ recordType: typeOf(path), recordVersion: '3.0', ...more })
  const ok = (text: string, contentType = JSON_TYPE): Reply => ({
    status: 200,
    headers: { 'content-type': contentType },
    body: text,
  })
  switch (body) {
    case 'empty':
      return ok('')
    case 'html':
      return ok(HTML_PAGE, 'text/html;charset=UTF-8')
    case 'empty-object':
      return ok('{}')
    case 'null':
      return ok('null')
    case 'array':
      return ok('[]')
    case 'string':
      return ok('"OK"')
    case 'wrong-record-type':
      return ok(wrapper({ recordType: 'weather', userId: FOREIGN_USER_ID, records: [] }))
    case 'records-missing':
      return ok(wrapper({ userId: FOREIGN_USER_ID }))
    case 'foreign-user':
      return ok(wrapper({ userId: FOREIGN_USER_ID, records: [] }))
    case 'deep':
      return ok(wrapperAround('['.repeat(depth) + ']'.repeat(depth)))
    default:
      return body satisfies never
  }
}

/** `/v3/users/self/egvs` -> `egv`; dataRange stays as it is. */
const typeOf = (path: string): string => (path.split('/').at(-1) ?? '').replace(/s$/, '')
const wrapperAround = (json: string): string =>
  `{"recordType":"egv","recordVersion":"3.0","userId":"${FOREIGN_USER_ID}","records":${json}}`
