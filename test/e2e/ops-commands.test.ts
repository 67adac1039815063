import { randomBytes } from 'node:crypto'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { createVirtualClock } from '@bg-ingest/dexcom-simulator'
import { sealedBy } from '@bg-ingest/security'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { findLeaks } from '../support/canaries.ts'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { runOps } from '../support/e2e-ops.ts'
import { type ListeningApp, startApp } from '../support/e2e-process.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { heldOf, unlikeTruth } from '../support/held-truth.ts'
import { dropTable, exportTable, importTable } from '../support/table-copy.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Math.floor(Date.now() / 1000) * 1000
const NAMES = ['ada', 'ben', 'eve'] as const

describe('Commands of operators', function () {
  this.timeout(90_000)
  const system = useSystem({
    name: 'ops',
    workers: 1,
    variables: { POLL_INTERVAL_SECONDS: '3' },
    simulator: {
      clock: createVirtualClock({ startMs: NOW_MS - 12 * HOUR_MS, speed: 0 }),
      users: NAMES.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })),
    },
  })
  const people = new Map<string, PersonClient>()
  const told: string[] = []
  const later: ListeningApp[] = []
  let listener: Listener
  let variables: Record<string, string>
  const person = (name: string) => people.get(name) ?? expect.fail()
  const ops = async (...args: readonly string[]) => {
    const run = await runOps(variables, ...args)
    told.push(run.stdout, run.stderr)
    return run
  }
  const syncedAll = async () => {
    const answers = await Promise.all(
      [...people.values()].map((one) => one.call('POST', '/sync', { headers: { prefer: 'wait=30' } })),
    )
    expect(answers.map(({ json }) => json.status)).to.deep.equal(NAMES.map(() => 'completed'))
  }
  const unlikeDexcom = async () => {
    const differences: unknown[] = []
    for (const [name, one] of people)
      differences.push(...unlikeTruth(heldOf(await one.everyReading()), await system.sim('GET', `truth?user=${name}`)))
    return differences
  }
  const restart = async (changed: Record<string, string>) => {
    const running = [...system.workers, ...later.splice(0)]
    for (const worker of running) worker.kill('SIGTERM')
    await Promise.all(running.map((worker) => worker.exited()))
    variables = { ...variables, ...changed }
    later.push(await startApp('worker', variables))
  }

  before(async () => {
    listener = await listen()
    variables = { ...system.variables }
    await Promise.all(NAMES.map(async (name) => people.set(name, await system.connect(aPerson(name), name))))
    await Promise.all([...people.values()].map((one) => untilHistoryIs('complete', one)))
  })
  after(async () => {
    for (const worker of later) worker.kill('SIGKILL')
    await Promise.all(later.map((worker) => worker.exited()))
    await listener.close()
  })

  it('tell what there is; what is wrong with a call is said in words, and nothing is done', async () => {
    const [overview, token, refused] = await Promise.all([
      ops('--help'),
      ops('token', '--help'),
      ops('erase', person('ada').userId),
    ])
    expect([overview.code, overview.stdout]).to.deep.include(0)
    expect(overview.stdout).to.match(/^ {2}rotate-keys +seal/m)
    expect([token.code, token.stdout.split(' --')[0]]).to.deep.equal([0, 'Usage: pnpm token'])
    expect([refused.code, refused.stdout, refused.stderr]).to.deep.equal([2, '', 'This cannot be undone; say --yes\n'])
  })

  it('users: lists people by status, page after page, and every person once', async () => {
    const seen: string[] = []
    for (let after: string | null = null, first = true; first || after !== null; first = false) {
      const { code, json } = await ops('users', '--limit', '2', '--json', ...(after === null ? [] : ['--after', after]))
      expect(code).to.equal(0)
      seen.push(...json.users.map(({ userId }: { userId: string }) => userId))
      after = json.next
    }
    expect(seen).to.have.members([...people.values()].map(({ userId }) => userId))
    expect((await ops('users', '--status', 'needs_reauth', '--json')).json).to.deep.equal({ users: [], next: null })
    const { stdout } = await ops('users')
    expect(stdout).to.match(/^ID +STATUS/)
    expect(stdout).to.include(person('ada').userId)
  })

  it('user show: where a person stands, without a reading or a token', async () => {
    const { code, json } = await ops('user', 'show', person('ada').userId, '--json')
    expect(code).to.equal(0)
    expect(json).to.include({ status: 'connected', history: 'complete', unpublished: 0, problem: null })
    expect(json.inLogs).to.have.length(1)
    expect(json.changes).to.be.above(200)
    expect((await ops('user', 'show', 'nobody-at-all', '--json')).json.status).to.equal('unknown')
  })

  it('sync and reconcile: have it done, and say what came of it', async () => {
    system.simulator.clock.advance(HOUR_MS)
    const { code: synced, json: sync } = await ops('sync', person('ben').userId, '--wait', '30', '--json')
    expect([synced, sync.status]).to.deep.equal([0, 'completed'])
    expect(sync.result.fetched).to.be.above(0)
    expect((await ops('sync', 'nobody-at-all', '--json')).json.error).to.equal('not_connected')
    const { code, json } = await ops('reconcile', '--all', '--json')
    expect([code, json]).to.deep.equal([0, { asked: 3, next: null }])
  })

  it('rotate-keys: a new key comes, the old one goes, and no sync fails meanwhile', async () => {
    const old = variables['ENCRYPTION_KEYS'] ?? ''
    const young = `young:${randomBytes(32).toString('base64')}`
    const keysInUse = async () => {
      const tokens = [...people.values()].map(async ({ userId }) => {
        const { Item } = await system.dynamo.send(
          new GetCommand({
            TableName: variables['DYNAMODB_ACCOUNTS_TABLE'],
            Key: { userId, item: 'connection' },
            ConsistentRead: true,
          }),
        )
        return [Item?.['tokens'].access, Item?.['tokens'].refresh].map(sealedBy)
      })
      return new Set((await Promise.all(tokens)).flat())
    }
    expect(await keysInUse()).to.deep.equal(new Set(['dev']))
    await restart({ ENCRYPTION_KEYS: `${young},${old}` })
    const first = await ops('rotate-keys', '--json')
    expect([first.code, first.json], first.stderr).to.deep.equal([
      0,
      { resealed: 3, current: 0, none: 0, in_doubt: 0, unreadable: 0, failed: 0, next: null },
    ])
    expect(await keysInUse()).to.deep.equal(new Set(['young']))
    expect((await ops('rotate-keys', '--json')).json).to.include({ resealed: 0, current: 3 })

    system.simulator.clock.advance(HOUR_MS)
    await restart({ ENCRYPTION_KEYS: young })
    await syncedAll()
    expect(await unlikeDexcom()).to.deep.equal([])
    const failed = later.flatMap((worker) => worker.output().match(/"message":"job (?:not done|given up)".*/g) ?? [])
    expect(failed).to.deep.equal([])
    // Records hashed with the old key are verified with it, as long as it is kept.
    const verified = await runOps({ ...variables, ENCRYPTION_KEYS: `${young},${old}` }, 'audit-verify', '--json')
    expect([verified.code, verified.json?.faults], verified.stderr).to.deep.equal([0, []])
  })

  it('drill: both tables are lost, brought back as they were an hour ago, and nothing is missing afterwards', async () => {
    const { DYNAMODB_TABLE: readings = '', DYNAMODB_ACCOUNTS_TABLE: accounts = '' } = variables
    const tables = [readings, accounts]
    const backup = await Promise.all(tables.map((table) => exportTable(system.dynamo, table)))
    system.simulator.clock.advance(HOUR_MS)
    await syncedAll()
    const before = await Promise.all([...people.values()].map((one) => one.everyReading()))
    const heardBefore = [...people.values()].map(({ userId }) => consume(listener.about(userId)).through)

    // docs/operations/backup-and-recovery.md, step by step.
    for (const worker of later) worker.kill('SIGTERM')
    await Promise.all(later.splice(0).map((worker) => worker.exited()))
    for (const table of tables) await dropTable(system.dynamo, table)
    expect((await ops('provision')).code).to.equal(0)
    await Promise.all(tables.map((table, i) => importTable(system.dynamo, table, backup[i] ?? [])))
    const redis = new Redis(variables['REDIS_URL'] ?? '')
    await redis.flushdb().finally(() => redis.disconnect())
    await restart({})
    expect((await ops('doctor', '--offline', '--repair')).code).to.be.oneOf([0, 1])
    await syncedAll()

    const after = await Promise.all([...people.values()].map((one) => one.everyReading()))
    const content = (all: typeof after) =>
      all.map((list) => list.map(({ timestamp, glucose, type }) => [timestamp, glucose, type]))
    expect(content(after)).to.deep.equal(content(before))
    expect(await unlikeDexcom()).to.deep.equal([])
    await until('the doctor finds nothing more', async () => (await ops('doctor')).code === 0, 40_000)
    // What was told twice has the same range, and whoever consumes by ranges has lost and doubled nothing.
    for (const [i, { userId }] of [...people.values()].entries()) {
      const heard = consume(listener.about(userId))
      expect(heard.through).to.be.at.least(heardBefore[i] ?? 0)
      expect(heard.readings.size).to.equal(after[i]?.length)
    }
  })

  it('drill: the readings are lost without a backup, and come again from Dexcom', async () => {
    const before = await Promise.all([...people.values()].map((one) => one.everyReading()))
    await dropTable(system.dynamo, variables['DYNAMODB_TABLE'] ?? '')
    expect((await ops('provision')).code).to.equal(0)
    const found = await ops('doctor', '--offline', '--repair', '--json')
    expect(new Set(found.json?.lines.map(({ finding }: { finding: string }) => finding))).to.include('reading_missing')
    const content = (all: typeof before) =>
      all.map((list) => list.map(({ timestamp, glucose, type }) => [timestamp, glucose, type]))
    const restored = async () => Promise.all([...people.values()].map((one) => one.everyReading()))
    await until(
      'every reading is there again',
      async () => (await restored()).every((list, i) => list.length === before[i]?.length),
      40_000,
    )
    expect(content(await restored())).to.deep.equal(content(before))
  })

  it('show nobody a secret, and no command leaves one behind', async () => {
    const leaks = await findLeaks(system, {
      processes: later,
      people: [...people.values()].map(({ userId }) => userId),
      secrets: [...[...people.values()].map(({ token }) => token), variables['ENCRYPTION_KEYS']?.split(':')[1] ?? ''],
      told,
    })
    expect(leaks).to.deep.equal([])
  })
})
