import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { createUserHasher } from '@bg-ingest/security'
import { expect } from 'chai'
import { findLeaks } from '../support/canaries.ts'
import { call, type PersonClient } from '../support/e2e-client.ts'
import { type Listener, listen } from '../support/e2e-events.ts'
import { runOps } from '../support/e2e-ops.ts'
import { killApp } from '../support/e2e-process.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { audited, type LogLine, linesOf } from '../support/log-lines.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Math.floor(Date.now() / 1000) * 1000
const TOLD = 'CANARY-told-by-dexcom'
const VALUE = 173

describe('Logs and audit trail', function () {
  this.timeout(60_000)
  const system = useSystem({
    name: 'logs',
    workers: 2,
    variables: { LOG_LEVEL: 'debug', OPERATOR_ACTIONS: 'true' },
    simulator: {
      clock: createVirtualClock({ startMs: NOW_MS - 6 * HOUR_MS, speed: 0 }),
      users: ['ann', 'bea', 'cid'].map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })),
    },
  })
  const people = new Map<string, PersonClient>()
  const told: string[] = []
  let dir: string
  let listener: Listener
  const person = (name: string) => people.get(name) ?? expect.fail()
  const hashOf = ({ userId }: PersonClient) => {
    const [id = '', key = ''] = (system.variables['ENCRYPTION_KEYS'] ?? '').split(':')
    return createUserHasher([{ id, key: Buffer.from(key, 'base64') }])(userId)
  }
  const lines = () => linesOf(system.api, ...system.workers)
  const underRequest = (requestId: string): readonly LogLine[] =>
    lines().filter((line) => line.stream === undefined && line.requestId === requestId)
  const messagesOf = (found: readonly LogLine[]) => new Set(found.map(({ message }) => message))
  const records = (action: string) => audited(lines()).filter((record) => record.action === action)
  const sync = (of: PersonClient, requestId: string) =>
    of.call('POST', '/sync', { headers: { prefer: 'wait=20', 'x-request-id': requestId } })

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bg-audit-'))
    listener = await listen()
    await Promise.all(
      ['ann', 'bea', 'cid'].map(async (name) => people.set(name, await system.connect(aPerson(name), name))),
    )
    await Promise.all([...people.values()].map((one) => untilHistoryIs('complete', one)))
    await until('the first polls have ended', async () => {
      const states = await Promise.all([...people.values()].map((one) => one.connection()))
      return states.every(({ lastSuccessAt }) => lastSuccessAt !== null)
    })
  })
  after(async () => {
    await listener?.close()
    await rm(dir, { recursive: true, force: true })
  })

  it('one id leads from a request through its job and the calls to Dexcom to what is told', async () => {
    const ann = person('ann')
    system.simulator.clock.advance(HOUR_MS)
    expect((await sync(ann, 'req-of-ann')).json.status).to.equal('completed')
    const expected = ['request', 'job done', 'dexcom called', 'events published']
    await until('every line is there', () => expected.every((m) => messagesOf(underRequest('req-of-ann')).has(m)))
    const inWorker = underRequest('req-of-ann').filter(({ service }) => service === 'worker')
    expect(new Set(inWorker.map(({ user }) => user))).to.deep.equal(new Set([hashOf(ann)]))
    const ofSync = inWorker.filter(({ job }) => job === 'syncUser')
    expect(new Set(ofSync.map(({ jobId }) => jobId))).to.have.length(1)
    expect(ofSync.map(({ message }) => message)).to.include.members(expected.slice(1))
  })

  it('jobs that jobs ask for carry it on: from the page that a browser came back to into the import of history', () => {
    const callback = lines().find(({ message, route }) => message === 'request' && route === '/oauth/callback')
    const jobs = new Set(underRequest(callback?.requestId).map(({ job }) => job))
    expect([...jobs]).to.include.members(['connectUser', 'importHistory', 'syncUser'])
  })

  it('work of two people side by side does not mix its ids', async () => {
    const [bea, cid] = [person('bea'), person('cid')]
    await Promise.all([
      ...[1, 2, 3].map((i) => sync(bea, `req-of-bea-${i}`)),
      ...[1, 2, 3].map((i) => sync(cid, `req-of-cid-${i}`)),
    ])
    for (const [name, one] of [
      ['bea', bea],
      ['cid', cid],
    ] as const) {
      const found = lines().filter(({ requestId, user }) => requestId?.startsWith(`req-of-${name}`) && user)
      expect(found).not.to.have.length(0)
      expect(new Set(found.map(({ user }) => user))).to.deep.equal(new Set([hashOf(one)]))
    }
  })

  it('whatever Dexcom says, senders send and callers try: nothing of it comes out anywhere', async () => {
    const [ann, bea] = [person('ann'), person('bea')]
    const fault = (endpoint: string, user: string, action: object) =>
      system.sim('POST', 'faults', { endpoint, user, count: 1, action })
    for (const action of [
      { kind: 'status', status: 500, body: `${TOLD} "value":${VALUE}`, echoesCredentials: true },
      { kind: 'status', status: 403, body: TOLD, echoesCredentials: true },
      { kind: 'truncated' },
    ]) {
      await fault('egvs', 'ann', action)
      told.push((await sync(ann, 'req-of-faults')).text)
    }
    await fault('token', 'bea', { kind: 'status', status: 500, body: TOLD, echoesCredentials: true })
    await system.sim('POST', 'faults', { endpoint: 'egvs', user: 'bea', count: 1, status: 401 })
    told.push((await sync(bea, 'req-of-token')).text)

    const send = webhookSender(system.apiUrl, system.variables)
    const record = { recordId: 'CANARY-record', systemTime: 'yesterday', value: VALUE, trendRate: 3.7193 }
    for (const body of [
      { recordType: 'egv', recordVersion: '3.0', userId: 'CANARY-dexcom-user', records: [record] },
      { type: 'CANARY-type', note: VALUE },
    ])
      told.push((await send(ann.userId, body)).text)
    for (const [method, path] of [
      ['GET', '?from=CANARY'],
      ['GET', '?cursor=CANARY'],
      ['POST', '/sync?CANARY=1'],
      ['GET', '/nowhere'],
    ] as const)
      told.push((await ann.call(method, path)).text)
    told.push((await call(`${system.apiUrl}/api/bg/${ann.userId}/latest`, 'GET', { token: `${ann.token}x` })).text)

    // What a consumer cannot take in lies in its dead letters as it was told, for as long as it likes.
    const events = [...people.values()].flatMap(({ userId }) => listener.about(userId))
    expect(events).not.to.have.length(0)
    const dexcomIds = (await system.sim('GET', 'users')).users.map((u: { dexcomUserId: string }) => u.dexcomUserId)
    const leaks = await findLeaks(system, {
      people: [...[...people.values()].map(({ userId }) => userId), ...dexcomIds, 'CANARY', TOLD],
      secrets: [...[...people.values()].map(({ token }) => token), ...dexcomIds, TOLD, 'CANARY-record'],
      told: [...told, JSON.stringify(events)],
    })
    expect(leaks).to.deep.equal([])
  })

  it('what people and operators do, and what workers do for them, is on record', async () => {
    const ann = person('ann')
    expect((await ann.call('GET', '/latest')).status).to.equal(200)
    expect((await person('bea').call('GET', `/api/bg/${ann.userId}/latest`)).status).to.equal(403)
    expect((await ann.call('PATCH', '/connection', { body: { paused: true } })).status).to.equal(200)
    const about = ({ object, objects = [] }: LogLine) => [object, ...objects].includes(hashOf(ann))
    const expected = [
      'POST /api/bg/{userId}/connection',
      'GET /oauth/callback',
      'connection.connect',
      'readings.changed',
      'POST /api/bg/{userId}/sync',
      'sync',
      'PATCH /api/bg/{userId}/connection',
      'connection.configure',
    ]
    for (const action of expected) expect(records(action), action).not.to.have.length(0)
    const asked = records('POST /api/bg/{userId}/sync').find(({ requestId }) => requestId === 'req-of-ann')
    expect(asked).to.include({ actor: `person:${hashOf(ann)}`, object: hashOf(ann), outcome: '200' })
    expect(records('sync').find(({ requestId }) => requestId === 'req-of-ann')).to.include({ outcome: 'ok' })
    const changed = records('readings.changed').find(({ requestId }) => requestId === 'req-of-ann')
    expect(changed?.facts.through).to.be.at.least(changed?.facts.from)
    expect(about(changed)).to.equal(true)
    expect(records('token.presented').filter(({ object }) => object === hashOf(person('bea')))).not.to.have.length(0)
    const refused = records('GET /api/bg/{userId}/latest').find(({ outcome }) => outcome === '403')
    expect(refused).to.include({ actor: `other:${hashOf(person('bea'))}`, object: hashOf(ann) })
    await until(
      'the read is on record',
      () => records('GET /api/bg/{userId}/latest').some(({ outcome, count }) => outcome === '200' && count >= 1),
      8_000,
    )
  })

  it('an erasure is on record under a hash, in the table before it is done, and nothing else is left', async () => {
    const cid = person('cid')
    const erased = await runOps(system.variables, 'erase', cid.userId, '--yes', '--wait', '30', '--json')
    expect([erased.code, erased.json?.receipt?.user], erased.stderr).to.deep.equal([0, hashOf(cid)])
    const day = new Date().toISOString().slice(0, 10)
    const { Items = [] } = await system.dynamo.send(
      new QueryCommand({
        TableName: system.variables['DYNAMODB_ACCOUNTS_TABLE'],
        KeyConditionExpression: 'userId = :day',
        ExpressionAttributeValues: { ':day': `audit#${day}` },
        ConsistentRead: true,
      }),
    )
    const stored = Items.flatMap(({ entries }) => entries as string[]).map((entry) => JSON.parse(entry))
    const of = (action: string) => stored.filter((record) => record.action === action && record.object === hashOf(cid))
    expect(of('person.erase')).not.to.have.length(0)
    expect(of('operator: erase').map(({ actor, outcome }) => [actor, outcome])).to.deep.equal([
      ['operator', 'begun'],
      ['operator', 'ok'],
    ])
    expect(JSON.stringify(Items)).to.not.include(cid.userId)
  })

  describe('verification', () => {
    let log: string
    let original: Record<string, unknown>
    const verify = (...args: readonly string[]) => runOps(system.variables, 'audit-verify', '--json', ...args)
    const faultsOf = async (...args: readonly string[]) => {
      const { code, json, stderr } = await verify(...args)
      if (json === null) throw new Error(stderr)
      const found = json.faults as readonly { source: string; writer: string; n: number; fault: string }[]
      return { code, found: found.map(({ source, n, fault }) => [source === log ? 'log' : source, n, fault]) }
    }
    const table = () => system.variables['DYNAMODB_ACCOUNTS_TABLE']
    const put = (item: object) => system.dynamo.send(new PutCommand({ TableName: table(), Item: item }))

    before(async () => {
      // One ends as it should, one is killed.
      const [first, second] = system.workers
      first?.kill('SIGTERM')
      await first?.exited()
      if (second) await killApp(second)
      system.api.kill('SIGTERM')
      await system.api.exited()
      log = join(dir, 'all.log')
      await writeFile(log, [system.api, ...system.workers].map((app) => app.output()).join(''))
      const { Items = [] } = await system.dynamo.send(
        new QueryCommand({
          TableName: table(),
          KeyConditionExpression: 'userId = :day',
          ExpressionAttributeValues: { ':day': `audit#${new Date().toISOString().slice(0, 10)}` },
          ConsistentRead: true,
        }),
      )
      // The longest stretch of a worker, behind the beginning of its chain.
      const found = Items.filter(
        ({ item }) => String(item).startsWith('worker-') && !String(item).endsWith('#000000000001'),
      )
      original = found.sort((a, b) => b['entries'].length - a['entries'].length)[0] ?? expect.fail('nothing stored')
    })
    afterEach(() => put(original))

    it('finds nothing where nobody has touched anything, in log and table, and names who was killed', async () => {
      const { code, json } = await verify('--table', '--file', log)
      expect([code, json.faults]).to.deep.equal([0, []])
      const ends = (json.writers as { source: string; writer: string; closed: boolean }[]).filter(
        ({ source }) => source === log,
      )
      expect(ends.filter(({ closed }) => !closed)).to.have.length(1)
      expect(ends.filter(({ closed }) => closed)).to.have.length.of.at.least(2)
    })

    const first = () => JSON.parse((original['entries'] as string[])[0] ?? '{}').n as number

    it('names a record that was changed in the table', async () => {
      const entries = (original['entries'] as string[]).map((entry, i) =>
        i === 0 ? entry.replace(/"outcome":"\w+"/, '"outcome":"x"') : entry,
      )
      await put({ ...original, entries })
      expect(await faultsOf('--table', '--file', log)).to.deep.equal({ code: 1, found: [['table', first(), 'edited']] })
    })

    it('names records that were taken out of the table', async () => {
      const Key = { userId: original['userId'], item: original['item'] }
      expect((await system.dynamo.send(new GetCommand({ TableName: table(), Key }))).Item).to.deep.equal(original)
      await put({ ...original, entries: [] })
      const { code, found } = await faultsOf('--table')
      expect(code).to.equal(1)
      expect(found[0]?.slice(0, 2)).to.deep.equal(['table', first()])
    })

    it('names the first that is missing from a log which was cut off together with its heads', async () => {
      const text = system.workers[0]?.output() ?? ''
      const mine = text.split('\n').filter((line) => line.includes('"stream":"audit"'))
      log = join(dir, 'cut.log')
      await writeFile(log, mine.slice(0, 4).join('\n'))
      const n = mine.slice(0, 4).filter((line) => line.includes('"kind":"entry"')).length + 1
      expect(await faultsOf('--table', '--file', log)).to.deep.equal({ code: 1, found: [['log', n, 'cut']] })
    })
  })
})
