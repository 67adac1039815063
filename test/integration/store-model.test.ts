import { type Change, readingKey, type StoredReading, toInstant, toRanges } from '@bg-ingest/domain'
import type { AccountStore, ReadingStore } from '@bg-ingest/ingest'
import { createAccountWriter, createReadingWriter } from '@bg-ingest/store/write'
import { expect } from 'chai'
import fc from 'fast-check'
import { aMeasurement, aUserId } from '../support/build.ts'
import { aClock } from '../support/clock.ts'
import { useDynamo } from '../support/dynamo.ts'
import { aDatabase, directWire, memoryAccounts, memoryReadings } from '../unit/ingest/model/memory-store.ts'

const LEASES = ['a', 'b', 'c'] as const
const SLOTS = 4
const TTL_MS = 15_000
const AT = toInstant(Date.parse('2026-11-20T11:00:00Z'))
const EVERYTHING = { fromMs: 0, toMs: Date.UTC(9999, 0) }
const SLOT = Array.from({ length: SLOTS }, () => aMeasurement())
const held = () => undefined

const lease = fc.constantFrom(...LEASES)
const fence = fc.option(fc.integer({ min: 1, max: 5 }), { nil: null })
const slot = fc.nat(SLOTS - 1)
const sequence = fc.integer({ min: 1, max: 6 })
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), lease }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), lease, fence }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('finish' as const), lease, fence, committed: sequence }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 15_001) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      lease,
      fence,
      first: sequence,
      count: fc.constantFrom(1, 3),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('put' as const, 'batch' as const),
      lease,
      fence,
      slot,
      sequence,
      deleted: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('seal' as const), lease, fence, slot, sequence }) },
)
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

/** The double that the model of the flows runs on is only worth as much as its likeness to the store. */
describe('the store in memory and the store on DynamoDB', function () {
  this.timeout(120_000)
  const dynamo = useDynamo()

  interface Side {
    readonly accounts: AccountStore
    readonly readings: ReadingStore
  }
  const memory = (now: () => number): Side => {
    const db = aDatabase()
    return { accounts: memoryAccounts(db, directWire, now), readings: memoryReadings(db, directWire) }
  }
  const real = (now: () => number): Side => ({
    accounts: createAccountWriter(dynamo.client(), dynamo.tables.accounts, now),
    readings: createReadingWriter(dynamo.client(), { table: dynamo.tables.readings, retentionDays: 0, now }),
  })

  /** Answers of every command, and what is there in the end, without what only times and ids make. */
  async function outcomes(side: (now: () => number) => Side, commands: readonly Command[]): Promise<unknown[]> {
    const clock = aClock()
    const { accounts, readings } = side(clock.now)
    const userId = aUserId('model')
    const fences = new Map<string, number>()
    const reading = (at: number, number: number, deleted: boolean): StoredReading => {
      const measurement = SLOT[at] ?? expect.fail()
      return { ...measurement, userId, sequence: number, revision: 1, receivedAt: AT, ...(deleted ? { deleted } : {}) }
    }
    const carryOut = async (command: Command): Promise<unknown> => {
      if (command.do === 'wait') return clock.advance(command.ms)
      if (command.do === 'take') {
        const taken = await accounts.takeLease(userId, command.lease, { ttlMs: TTL_MS, revive: false })
        if (taken) fences.set(command.lease, taken.fence)
        return taken && [taken.fence, taken.state.committedSequence, taken.finishedLeaseId]
      }
      const by = { id: command.lease, fence: command.fence ?? fences.get(command.lease) ?? 1 }
      switch (command.do) {
        case 'renew':
          return accounts.renewLease(userId, by, TTL_MS)
        case 'finish':
          return accounts.finish(userId, by, { committedSequence: command.committed })
        case 'claim': {
          const changes = Array.from(
            { length: command.count },
            (_, i): Change => ({ sequence: command.first + i, kind: 'created', key: readingKey(reading(i, 1, false)) }),
          )
          return accounts.appendRanges(userId, by, toRanges(changes, AT))
        }
        case 'put':
          return readings.write(by, [reading(command.slot, command.sequence, command.deleted)], held)
        case 'batch':
          return readings.writeAbsent(by, [reading(command.slot, command.sequence, command.deleted)], held)
        case 'seal':
          return readings.seal(
            userId,
            by,
            new Map([[readingKey(reading(command.slot, 1, false)), command.sequence]]),
            held,
          )
      }
    }
    const answers: unknown[] = []
    for (const one of commands)
      answers.push(
        await carryOut(one).then(
          (answer) => answer ?? null,
          (err: { code?: string }) => `failed: ${err.code}`,
        ),
      )
    const keys = SLOT.map(readingKey)
    const anonymous = (found: ReadonlyMap<string, StoredReading>) =>
      [...found].map(([key, { userId: _userId, ...rest }]) => [key, rest]).sort()
    answers.push(await accounts.rangesAfter(userId, 0, 100))
    answers.push(anonymous(await readings.between(userId, EVERYTHING)))
    answers.push(anonymous(await readings.byKeys(userId, keys)))
    return answers
  }

  it('answer every series of commands alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25, size: 'max' }), async (commands) => {
        expect(await outcomes(memory, commands)).to.deep.equal(await outcomes(real, commands))
      }),
      { numRuns: 60 },
    )
  })
})
