import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { expect } from 'chai'
import type { PersonClient } from '../support/e2e-client.ts'
import { consume, type Listener, listen } from '../support/e2e-events.ts'
import { metric } from '../support/e2e-metrics.ts'
import type { ListeningApp } from '../support/e2e-process.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'

/** Two windows of history; the pace of the import gives time to end a worker in the middle. */
const HISTORY_DAYS = 32
/** The lease of the dead worker lasts 15 s, its lock on the job 10 s, and stalled jobs are looked for every 3 s. */
const TAKEN_OVER_WITHIN_MS = 60_000

describe('Ending a worker in the middle of an import', function () {
  this.timeout(120_000)
  const system = useSystem({
    name: 'crash',
    simulator: {
      users: [
        { name: 'killed', kind: 'generated', profile: 'lively', historyDays: HISTORY_DAYS },
        { name: 'asked', kind: 'generated', profile: 'quiet', historyDays: HISTORY_DAYS / 2 },
      ],
    },
  })
  let listener: Listener
  before(async () => {
    listener = await listen()
  })
  after(() => listener.close())

  it('loses and doubles nothing when it is killed between claim and commit', async () => {
    const person = await system.connect(aPerson('killed'), 'killed')
    const worker = await importing(person)
    await freezeInTheMiddle(worker, person)
    worker.kill('SIGKILL')
    expect(await worker.exited()).to.deep.equal({ code: null, signal: 'SIGKILL' })
    expect((await person.connection()).history.state).to.equal('running')

    await untilHistoryIs('complete', person, TAKEN_OVER_WITHIN_MS)
    await expectTruth(person, 'killed')
    await expectToldWithoutGap(person)
  })

  it('hands the import over and exits with 0 when it is asked to end', async () => {
    await system.startWorker()
    const person = await system.connect(aPerson('asked'), 'asked')
    const worker = await importing(person)
    worker.kill('SIGTERM')
    expect(await worker.exited(), worker.output()).to.deep.equal({ code: 0, signal: null })

    await untilHistoryIs('complete', person, TAKEN_OVER_WITHIN_MS)
    await expectTruth(person, 'asked')
    await expectToldWithoutGap(person)
  })

  /** The worker that is importing, once the import is past its beginning and far from its end. */
  async function importing(person: PersonClient): Promise<ListeningApp> {
    const running = await runningWorkers()
    let before = await Promise.all(running.map(stored))
    let found: ListeningApp | undefined
    await until(
      'the import is in the middle',
      async () => {
        const { history } = await person.connection()
        if (history.state === 'complete') throw new Error('the import has ended before a worker could')
        const now = await Promise.all(running.map(stored))
        const moved = running.find((_, i) => (now[i] ?? 0) > (before[i] ?? 0))
        before = now
        found = history.percent >= 10 ? moved : undefined
        return found !== undefined
      },
      30_000,
    )
    if (!found) throw new Error('nobody is importing')
    return found
  }

  /** Stops the worker at a moment when sequences are claimed and their readings are not committed: the worst there is. */
  async function freezeInTheMiddle(worker: ListeningApp, { userId }: PersonClient): Promise<void> {
    const isClaiming = async () => {
      const { claimed, committed } = await logOf(userId)
      return claimed > committed
    }
    const frozen = async () => {
      if (!(await isClaiming())) return false
      worker.kill('SIGSTOP')
      if (await isClaiming()) return true
      worker.kill('SIGCONT')
      return false
    }
    await until('a range is claimed and not committed', frozen, 20_000)
  }

  async function logOf(userId: string): Promise<{ readonly claimed: number; readonly committed: number }> {
    const { DYNAMODB_ACCOUNTS_TABLE: TableName } = system.variables
    const [state, log] = await Promise.all([
      system.dynamo.send(new GetCommand({ TableName, Key: { userId, item: 'state' }, ConsistentRead: true })),
      system.dynamo.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'userId = :user AND begins_with(#item, :change)',
          ExpressionAttributeNames: { '#item': 'item' },
          ExpressionAttributeValues: { ':user': userId, ':change': 'change#' },
          ScanIndexForward: false,
          Limit: 1,
          ConsistentRead: true,
        }),
      ),
    ])
    return { claimed: Number(log.Items?.[0]?.last ?? 0), committed: Number(state.Item?.committedSequence ?? 0) }
  }

  async function runningWorkers(): Promise<readonly ListeningApp[]> {
    const answers = await Promise.all(system.workers.map(({ url }) => fetch(`${url}/healthz`).catch(() => null)))
    return system.workers.filter((_, i) => answers[i]?.ok)
  }

  const stored = (worker: ListeningApp) => metric(worker, 'bg_readings_total{type="cgm",result="stored"}')

  async function expectTruth(person: PersonClient, account: string): Promise<void> {
    const { readings } = await system.sim('GET', `truth?user=${account}`)
    const wanted = readings.filter(({ isNull }: { isNull: boolean }) => !isNull)
    const shown = await person.everyReading()
    const content = (list: readonly object[]) => list.map((reading) => JSON.stringify(reading)).sort()
    expect(
      content(shown.map(({ timestamp, type, glucose, trend }) => ({ timestamp, type, glucose, trend }))),
    ).to.deep.equal(
      content(
        wanted.map((one: { systemTime: string; type: string; value: number; trend: string | null }) => ({
          timestamp: one.systemTime,
          type: one.type,
          glucose: one.value,
          trend: one.trend,
        })),
      ),
    )
    expect(shown.length).to.be.above(4_000)
    expect(new Set(shown.map(({ id }) => id)).size, 'every reading once').to.equal(shown.length)
    expect(new Set(shown.map(({ sequence }) => sequence)).size, 'every sequence once').to.equal(shown.length)
  }

  /** Ranges adjoin from 1 on, whatever was told twice, and a consumer ends with exactly what is stored. */
  async function expectToldWithoutGap(person: PersonClient): Promise<void> {
    const shown = await person.everyReading()
    const last = shown.reduce((high, { sequence }) => Math.max(high, sequence), 0)
    const heard = () => consume(listener.about(person.userId))
    await until('every change is told', () => heard().through >= last)
    expect(heard().through).to.equal(last)
    expect(heard().readings).to.deep.equal(new Map(shown.map((reading) => [reading.id, reading])))
    const connected = listener.about(person.userId).filter(({ routingKey }) => routingKey === 'connection.connected')
    expect(connected).to.have.length(1)
  }
})
