import { DeleteCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { registryShard, UserId } from '@bg-ingest/domain'
import { type OpenQueues, openQueues, userKey } from '@bg-ingest/queue'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { type DoctorRun, runDoctor } from '../support/e2e-doctor.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000

describe('The doctor', function () {
  this.timeout(60_000)
  const system = useSystem({
    name: 'doctor',
    workers: 1,
    simulator: {
      users: ['patient', 'hurt', 'erased'].map((name) => ({
        name,
        kind: 'generated',
        profile: 'quiet',
        historyDays: 2,
      })),
    },
  })
  let redis: Redis
  let opened: OpenQueues
  let patient: PersonClient
  before(async () => {
    redis = new Redis(system.variables.REDIS_URL ?? '', { maxRetriesPerRequest: null })
    opened = openQueues(redis)
    patient = await system.connect(aPerson('patient'), 'patient')
    await untilHistoryIs('complete', patient)
    await untilQuiet(patient)
    // The worker that keeps the schedules would look there next, and repair what these tests break before anybody sees it.
    await redis.del('bg:schedules:touched')
  })
  after(async () => {
    await opened.close()
    redis.disconnect()
  })

  const accounts = () => system.variables.DYNAMODB_ACCOUNTS_TABLE
  const readings = () => system.variables.DYNAMODB_TABLE
  const doctor = (...args: string[]) => runDoctor(system.variables, ...args)
  const examined = ({ userId }: PersonClient, ...args: string[]) => doctor('--user', userId, '--json', ...args)
  const untilClean = (person: PersonClient, ...args: string[]) =>
    until('the doctor finds nothing', async () => (await examined(person, ...args)).code === 0, 30_000)
  const items = async (table: string | undefined, userId: string) => {
    const query = { TableName: table, KeyConditionExpression: 'userId = :user' }
    const values = { ExpressionAttributeValues: { ':user': userId }, ConsistentRead: true }
    return (await system.dynamo.send(new QueryCommand({ ...query, ...values }))).Items ?? []
  }
  const stateOf = async ({ userId }: PersonClient) =>
    (await items(accounts(), userId)).find(({ item }) => item === 'state') ?? {}
  /** No job of this person is left to run, and nobody holds the lease. */
  const untilQuiet = (person: PersonClient) =>
    until('nothing happens any more', async () => {
      const jobs = await Promise.all(
        Object.values(opened.queues).map((queue) => queue.getJobs(['active', 'waiting', 'prioritized'])),
      )
      return !jobs.flat().some((job) => job?.data.userId === person.userId) && !(await stateOf(person)).leaseId
    })
  const set = (userId: string, item: string, attributes: Record<string, unknown>) => {
    const names = Object.keys(attributes)
    return system.dynamo.send(
      new UpdateCommand({
        TableName: accounts(),
        Key: { userId, item },
        UpdateExpression: `SET ${names.map((_, i) => `#n${i} = :v${i}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#n${i}`, name])),
        ExpressionAttributeValues: Object.fromEntries(names.map((name, i) => [`:v${i}`, attributes[name]])),
      }),
    )
  }
  const registryKey = (userId: string) => ({ userId: `users#${registryShard(UserId.parse(userId))}`, item: userId })
  const schedulerId = ({ userId }: PersonClient) => userKey(UserId.parse(userId), 'poll')
  const ticks = () => opened.queues['bg-tick']
  /** Half an interval from now at the earliest: a poll would notice what is wrong, and end it. */
  const pollEvery = (person: PersonClient, every: number) =>
    ticks().upsertJobScheduler(
      schedulerId(person),
      { every, offset: Math.floor(Date.now() + every / 2) % every },
      { name: 'poll-tick', data: { v: 1, userId: person.userId } },
    )
  const expectNoSecrets = async ({ stdout, stderr }: DoctorRun, person: PersonClient) => {
    const connection = (await items(accounts(), person.userId)).find(({ item }) => item === 'connection')
    expect(stdout + stderr).not.to.match(/glucose|refresh_token|access_token/)
    if (connection?.tokens) expect(stdout + stderr).not.to.include(connection.tokens.access)
  }

  it('finds nothing where nothing is wrong, in one person and in all, and names nobody it was not asked for', async () => {
    const one = await doctor('--user', patient.userId)
    expect([one.code, one.stdout.trim()], one.stderr).to.deep.equal([0, '1 looked at, 0 findings, 0 not looked at'])
    const all = await doctor('--json')
    expect([all.code, all.report.people], all.stderr).to.deep.equal([0, 1])
    expect(all.stdout + all.stderr).not.to.include(patient.userId)
  })

  it('names what is wrong around the readings, repairs it, and is content afterwards', async () => {
    const { committedSequence } = await stateOf(patient)
    await set(patient.userId, 'state', {
      publishedSequence: committedSequence - 5,
      leaseId: 'died',
      leaseExpiresAt: Date.now() - HOUR_MS,
      retention: { days: 5, goal: null, table: 'readings', through: null },
    })
    await system.dynamo.send(new DeleteCommand({ TableName: accounts(), Key: registryKey(patient.userId) }))
    await ticks().removeJobScheduler(schedulerId(patient))

    // Asking Dexcom takes the lease, and would end the stuck one.
    const seen = await examined(patient, '--offline')
    expect(seen.code, seen.stderr).to.equal(1)
    const wrong = ['unpublished', 'lease_stuck', 'retention_differs', 'registry_missing', 'schedule_missing']
    expect(seen.found).to.deep.equal(wrong)
    await expectNoSecrets(seen, patient)
    const repaired = await examined(patient, '--repair')
    expect(repaired.report.lines.map(({ repaired }: { repaired: string | null }) => typeof repaired)).to.deep.equal(
      wrong.map(() => 'string'),
    )
    await untilClean(patient)
  })

  it('tells the ways in which a schedule and the registry can be wrong apart', async () => {
    await pollEvery(patient, 12_345_000)
    await set(registryKey(patient.userId).userId, patient.userId, { paused: true })
    const stranger = aPerson('stranger')
    await system.dynamo.send(
      new PutCommand({ TableName: accounts(), Item: { ...registryKey(stranger), status: 'connected', fence: 1 } }),
    )
    const surplus = await system.person(stranger)
    await pollEvery(surplus, 12_345_000)
    expect((await examined(patient, '--offline')).found).to.deep.equal(['registry_differs', 'schedule_interval'])
    expect((await examined(surplus, '--offline')).found).to.deep.equal(['registry_stranger', 'schedule_surplus'])
    expect((await doctor('--repair', '--offline', '--json')).code).to.equal(1)
    await untilClean(patient, '--offline')
    await untilClean(surplus, '--offline')
    expect(await items(accounts(), stranger), 'nothing is made of a stranger').to.deep.equal([])

    const next = await redis.zscore(ticks().toKey('repeat'), schedulerId(patient))
    await redis.zrem(ticks().toKey('delayed'), `repeat:${schedulerId(patient)}:${next}`)
    expect((await examined(patient, '--offline', '--repair')).found).to.deep.equal(['schedule_stopped'])
    await untilClean(patient, '--offline')
  })

  it('finds what only people can set right, and leaves it as it is', async () => {
    const person = await system.connect(aPerson('hurt'), 'hurt')
    await untilHistoryIs('complete', person)
    await untilQuiet(person)
    const { userId } = person
    const before = await items(accounts(), userId)
    const stored = await items(readings(), userId)
    const log = before.filter(({ item }) => item.startsWith('change#'))
    const [lost] = log
    const connection = before.find(({ item }) => item === 'connection')
    await system.dynamo.send(new DeleteCommand({ TableName: accounts(), Key: { userId, item: lost?.item } }))
    await system.dynamo.send(
      new PutCommand({ TableName: accounts(), Item: { ...log.at(-1), item: 'change#000000999999', leaseId: 'twice' } }),
    )
    const [ahead] = stored.filter(({ sequence }) => sequence > lost?.last)
    await system.dynamo.send(new PutCommand({ TableName: readings(), Item: { ...ahead, sequence: 999_999 } }))
    await set(userId, 'connection', { tokens: { ...connection?.tokens, access: connection?.tokens.refresh } })

    const hurt = await examined(person, '--repair')
    expect(hurt.found).to.include.members([
      'tokens_unreadable',
      'log_hole',
      'log_overlap',
      'reading_unlogged',
      'reading_ahead',
    ])
    for (const { finding, repaired } of hurt.report.lines)
      if (/^(tokens|log|reading_(unlogged|ahead))/.test(finding)) expect(repaired, finding).to.equal(null)
    const { stdout } = await doctor('--user', userId)
    expect(stdout).to.match(/tokens_unreadable +1 .*ENCRYPTION_KEYS/)
  })

  it('K5: sees that a restore has taken half of the readings, and has them fetched again', async () => {
    const all = await patient.everyReading()
    const stored = await items(readings(), patient.userId)
    const dropped = stored.filter((_, i) => i % 2 === 0)
    for (const { userId, readingKey } of dropped)
      await system.dynamo.send(new DeleteCommand({ TableName: readings(), Key: { userId, readingKey } }))
    const seen = await examined(patient, '--repair', '--days', '3')
    expect(seen.found).to.deep.equal(['reading_missing', 'dexcom_differs'])
    expect(seen.report.lines.map(({ count }: { count: number }) => count)).to.deep.equal([
      dropped.length,
      dropped.length,
    ])
    await untilClean(patient)
    const values = (list: typeof all) => list.map(({ id, timestamp, glucose }) => [id, timestamp, glucose])
    expect(values(await patient.everyReading())).to.deep.equal(values(all))
  })

  it('finds data of somebody who was erased, and proves the receipt of an erasure', async () => {
    const person = await system.connect(aPerson('erased'), 'erased')
    await untilHistoryIs('complete', person)
    const { userId } = person
    const [reading] = await items(readings(), userId)
    await person.call('DELETE', '/connection?erase=true')
    await until('the receipt is kept', async () => Boolean((await stateOf(person)).erasure?.receipt), 30_000)
    expect((await examined(person)).code).to.equal(0)

    const { receipt } = (await stateOf(person)).erasure
    expect((await doctor('--verify-receipt', JSON.stringify(receipt))).code).to.equal(0)
    expect((await doctor('--verify-receipt', JSON.stringify({ ...receipt, readings: 0 }))).code).to.equal(1)
    const line =
      system.workers[0]
        ?.output()
        .split('\n')
        .find((text) => text.includes('"person erased"')) ?? ''
    expect(JSON.parse(line).receipt).to.deep.equal(receipt)
    expect(line).not.to.include(userId)
    expect(receipt.readings).to.be.above(100)

    await system.dynamo.send(new PutCommand({ TableName: readings(), Item: { ...reading } }))
    expect((await examined(person, '--repair')).found).to.deep.equal(['erased_data'])
    await untilClean(person)
    expect(await items(readings(), userId)).to.deep.equal([])
    await set(userId, 'state', { erasure: { ...(await stateOf(person)).erasure, told: false } })
    expect((await examined(person, '--repair')).found).to.deep.equal(['erasure_untold'])
    await untilClean(person)
  })

  it('says with 2 that it could not look, and why', async () => {
    const away = await runDoctor({ ...system.variables, REDIS_URL: 'redis://127.0.0.1:1' }, '--json')
    expect([away.code, away.stdout]).to.deep.equal([2, ''])
    expect(away.stderr).to.include('redis cannot be reached')
    const wrong = await doctor('--days', '0')
    expect([wrong.code, wrong.stderr.trim()]).to.deep.equal([2, '--days takes a whole number from 1 to 30'])
    expect((await doctor('--help')).stdout).to.match(/^Usage: pnpm doctor/)
  })
})
