import { expect } from 'chai'
import type { Answer, CallOptions, PersonClient } from '../support/e2e-client.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'

const EARLY = '2026-01-01T00:00:00Z'
const LATE = '2026-01-02T00:00:00Z'
const query = (pairs: Readonly<Record<string, string>>) => `?${new URLSearchParams(pairs)}`

/** Path behind the person, what to say of it, and the pointer that the answer must name. */
type Case = readonly [what: string, path: string, pointer: string]

const RANGE: readonly Case[] = [
  ['from that is no instant', query({ from: 'yesterday' }), 'from'],
  ['from without a time', query({ from: '2026-11-20' }), 'from'],
  ['from without a zone', query({ from: '2026-11-20T00:00:00' }), 'from'],
  ['from on a day that does not exist', query({ from: '2026-02-30T00:00:00Z' }), 'from'],
  ['an empty from', '?from=', 'from'],
  ['from twice', `?from=${EARLY}&from=${LATE}`, 'from'],
  ['to that is no instant', query({ to: '1767225600' }), 'to'],
  ['an alias that is no instant', query({ startDate: 'x' }), 'startDate'],
  ['the other alias that is no instant', query({ endDate: 'x' }), 'endDate'],
  ['from at to', query({ from: EARLY, to: EARLY }), 'from'],
  ['from behind to', query({ from: LATE, to: EARLY }), 'from'],
  ['aliases in the wrong order', query({ startDate: LATE, endDate: EARLY }), 'startDate'],
  ['from and its alias', query({ from: EARLY, startDate: EARLY }), 'startDate'],
  ['to and its alias', query({ to: LATE, endDate: LATE }), 'endDate'],
  ['limit 0', '?limit=0', 'limit'],
  ['limit 1001', '?limit=1001', 'limit'],
  ['a limit below 0', '?limit=-1', 'limit'],
  ['a limit with a fraction', '?limit=1.5', 'limit'],
  ['a limit in words', '?limit=abc', 'limit'],
  ['a limit in another notation', '?limit=1e2', 'limit'],
  ['an empty limit', '?limit=', 'limit'],
  ['two limits', '?limit=1&limit=2', 'limit'],
  ['an unknown order', '?order=up', 'order'],
  ['two orders', '?order=asc&order=desc', 'order'],
  ['an unknown type', '?type=sugar', 'type'],
  ['an unknown type beside a known one', '?type=cgm&type=sugar', 'type'],
  ['an unknown unit', '?unit=mg', 'unit'],
  ['two units', `?unit=${encodeURIComponent('mg/dL')}&unit=${encodeURIComponent('mmol/L')}`, 'unit'],
  ['an unknown parameter', '?bogus=1', 'bogus'],
  ['a parameter in brackets', '?from[gt]=1', 'from[gt]'],
  ['a cursor that is none', '?cursor=garbage', 'cursor'],
  ['an empty cursor', '?cursor=', 'cursor'],
  ['a cursor beyond any length', `?cursor=${'A'.repeat(4000)}`, 'cursor'],
]

const OTHER_READS: readonly Case[] = [
  ['an unknown unit of the latest', '/latest?unit=mmol', 'unit'],
  ['an unknown parameter of the latest', '/latest?from=2026-01-01T00:00:00Z', 'from'],
  ['an unknown parameter of the connection', '/connection?verbose=1', 'verbose'],
  ['an unknown parameter of a sync', '/sync/no-such-job_0?wait=1', 'wait'],
]

const SYNC_BODIES: readonly (readonly [what: string, body: unknown, pointer: string])[] = [
  ['from behind to', { from: LATE, to: EARLY }, '/from'],
  ['from at to', { from: EARLY, to: EARLY }, '/from'],
  ['from alone', { from: EARLY }, '/to'],
  ['to alone', { to: EARLY }, '/from'],
  ['from that is no instant', { from: 'x', to: LATE }, '/from'],
  ['from that is no text', { from: 5, to: LATE }, '/from'],
  ['a null', { from: null, to: LATE }, '/from'],
  ['an unknown field', { force: true }, '/force'],
]

const CONNECTION_BODIES: typeof SYNC_BODIES = [
  ['an unknown region', { region: 'moon' }, '/region'],
  ['a region that is no text', { region: 1 }, '/region'],
  ['returnTo elsewhere', { returnTo: 'https://evil.example/' }, '/returnTo'],
  ['returnTo that begins like ours', { returnTo: 'https://app.example.com.evil.example/' }, '/returnTo'],
  ['returnTo with our name before an @', { returnTo: 'https://app.example.com@evil.example/' }, '/returnTo'],
  ['returnTo on another scheme', { returnTo: 'http://app.example.com/' }, '/returnTo'],
  ['returnTo on another port', { returnTo: 'https://app.example.com:444/' }, '/returnTo'],
  ['returnTo that is a script', { returnTo: 'javascript:alert(1)' }, '/returnTo'],
  ['returnTo without a host', { returnTo: '/done' }, '/returnTo'],
  ['an unknown field', { redirect: 'https://app.example.com/' }, '/redirect'],
]

describe('Input that the contract does not allow', function () {
  this.timeout(30_000)
  const system = useSystem({
    name: 'input',
    workers: 1,
    variables: { RETURN_TO_ORIGINS: 'https://app.example.com' },
    simulator: { users: [{ name: 'known', kind: 'generated', profile: 'quiet', historyDays: 1 }] },
  })
  let person: PersonClient
  before(async () => {
    person = await system.connect(aPerson('input'), 'known')
    await untilHistoryIs('complete', person)
  })

  function expectInvalid({ status, headers, json, text }: Answer, pointer: string): void {
    expect([status, json?.code], text).to.deep.equal([400, 'invalid_request'])
    expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
    expect(json.errors.map((error: { pointer: string }) => error.pointer)).to.include(pointer)
    for (const { detail } of json.errors) expect(detail).to.be.a('string').and.not.equal('')
  }

  for (const [what, path, pointer] of [...RANGE, ...OTHER_READS])
    it(`${what}: 400 at ${pointer}`, async () => expectInvalid(await person.call('GET', path), pointer))

  describe('in a cursor', () => {
    const page = { limit: '5', order: 'asc' }
    const cursorOf = async () => (await person.call('GET', query(page))).json.next as string

    it('of another person', async () => {
      const other = await system.person(aPerson('other'))
      expectInvalid(await other.call('GET', query({ ...page, cursor: await cursorOf() })), 'cursor')
    })

    it('of another query', async () => {
      const cursor = await cursorOf()
      for (const other of [{ order: 'desc' }, { type: 'manual' }, { from: EARLY }, { to: LATE, from: EARLY }])
        expectInvalid(await person.call('GET', query({ ...other, cursor })), 'cursor')
    })

    it('with any of its characters altered', async () => {
      const cursor = await cursorOf()
      expect((await person.call('GET', query({ ...page, cursor }))).status).to.equal(200)
      for (let i = 0; i < cursor.length; i += 7) {
        const altered = `${cursor.slice(0, i)}${cursor[i] === 'A' ? 'B' : 'A'}${cursor.slice(i + 1)}`
        expectInvalid(await person.call('GET', query({ ...page, cursor: altered })), 'cursor')
      }
      for (const altered of [cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, ` ${cursor}`])
        expectInvalid(await person.call('GET', query({ ...page, cursor: altered })), 'cursor')
    })
  })

  describe('in a user id', () => {
    for (const id of ['not an id', 'a'.repeat(129), 'a/b', 'a\u0000b', 'ä', 'a%b', '<script>'])
      it(JSON.stringify(id.slice(0, 20)), async () => {
        const service = await system.person('a-service', {
          scopes: ['bg:read', 'bg:sync', 'bg:connect', 'bg:any-user'],
        })
        const path = `/api/bg/${encodeURIComponent(id)}`
        for (const answer of [
          await service.call('GET', path),
          await service.call('GET', `${path}/latest`),
          await service.call('GET', `${path}/connection`),
          await service.call('POST', `${path}/sync`),
        ])
          expectInvalid(answer, 'userId')
      })

    it('takes all that identity providers write', async () => {
      for (const id of ['auth0|5f7c8ec7c33c6c004bbafe82', 'a.b_c~d@e.example|f:g+h=i-j', 'z'.repeat(128)]) {
        const answer = await (await system.person(id)).call('GET', '/latest')
        expect([answer.status, answer.json.code], id).to.deep.equal([404, 'no_readings'])
      }
    })
  })

  const bodies = [
    ...SYNC_BODIES.map((row) => ['/sync', ...row] as const),
    ...CONNECTION_BODIES.map((row) => ['/connection', ...row] as const),
  ]
  for (const [path, what, body, pointer] of bodies)
    it(`POST ${path} with ${what}: 400 at ${pointer}`, async () =>
      expectInvalid(await person.call('POST', path, { body }), pointer))

  for (const path of ['/sync', '/connection'])
    describe(`a body of POST ${path}`, () => {
      const statusOf = async (options: CallOptions) => {
        const { status, json } = await person.call('POST', path, options)
        return [status, json?.code]
      }

      it('that is no JSON object: 400', async () => {
        for (const body of ['{', 'nonsense', '[]', '"text"', 'null', '5'])
          expect(await statusOf({ body }), body).to.deep.equal([400, 'invalid_request'])
      })

      it('of another type: 415', async () => {
        for (const type of [
          'text/plain',
          'application/xml',
          'application/x-www-form-urlencoded',
          'application/json; charset=latin9',
        ])
          expect(await statusOf({ body: '{}', headers: { 'content-type': type } }), type).to.deep.equal([
            415,
            'unsupported_media_type',
          ])
      })

      it('in an unknown encoding: 415', async () => {
        expect(await statusOf({ body: '{}', headers: { 'content-encoding': 'zstd-not' } })).to.deep.equal([
          415,
          'unsupported_media_type',
        ])
      })

      it('of 101 KB: 413', async () => {
        const body = JSON.stringify({ from: 'x'.repeat(101 * 1024) })
        expect(await statusOf({ body })).to.deep.equal([413, 'payload_too_large'])
      })
    })

  it('a preference to wait beyond 30 s, or for no number: 400', async () => {
    for (const prefer of ['wait=31', 'wait=abc', 'wait=-1', 'wait=1.5', 'wait=', 'respond-async, wait=99'])
      expectInvalid(await person.call('POST', '/sync', { headers: { prefer } }), 'Prefer')
  })

  it('an unknown sync, or one of another person: 404', async () => {
    const jobId = (await person.call('POST', '/sync', { headers: { prefer: 'wait=10' } })).json.jobId
    expect((await person.call('GET', `/sync/${jobId}`)).status).to.equal(200)
    const other = await system.person(aPerson('other'))
    for (const answer of [
      await person.call('GET', '/sync/no-such-job_0'),
      await person.call('GET', '/sync/wait'),
      await other.call('GET', `/sync/${jobId}`),
    ])
      expect([answer.status, answer.json.code]).to.deep.equal([404, 'not_found'])
  })

  it('an unknown value of erase: 400', async () => {
    for (const value of ['maybe', '', '1', 'TRUE'])
      expectInvalid(await person.call('DELETE', `/connection?erase=${value}`), 'erase')
    expect((await person.connection()).status).to.equal('connected')
  })

  it('a sync of somebody who is not connected: 409', async () => {
    const answer = await (await system.person(aPerson('nobody'))).call('POST', '/sync')
    expect([answer.status, answer.json.code]).to.deep.equal([409, 'not_connected'])
  })
})
