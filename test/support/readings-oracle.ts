import { type Change, createClient } from '@bg-ingest/client'
import { type Batch, consumeReadings, deadLettersOf, type Gap, type ReadingsConsumer } from '@bg-ingest/client/events'
import { connect } from 'amqplib'
import type { PersonClient } from './e2e-client.ts'
import { until } from './until.ts'

/** What a consumer of ours holds of one person, as its own database would. */
interface Held {
  position: number
  readonly readings: Map<string, Change>
}

/** The reference consumer, with a memory of all that was not right. */
export interface ReadingsOracle {
  readonly repeats: number
  readonly gaps: readonly Gap[]
  /** Throws inside `apply` for as long as this answers true; what consumers do when their database is away. */
  refuse(when: (batch: Batch) => boolean): void
  /** Waits until this person's every change was taken in, exactly once, and nothing else was. */
  expectEverything(person: PersonClient, ms?: number): Promise<void>
  catchUp: ReadingsConsumer['catchUp']
  position(userId: string): number
  /** What it has of a person, and all in which anybody was wronged so far. */
  taken(userId: string): Taken
  /** Messages that it could not take in. */
  deadLetters(): Promise<number>
  close(): Promise<void>
}

/** Where a consumer stands. */
export interface Taken {
  readonly through: number
  /** The last word on each reading, by its id. */
  readonly readings: ReadonlyMap<string, Change>
  readonly wrongs: readonly string[]
}

interface OracleOptions {
  readonly url: string
  readonly queue: string
  readonly apiUrl: string
  /** Of a service that may read everybody. */
  readonly token: string
  readonly deliveryLimit?: number
  /** Who is looked after, where others tell at the same broker; everybody unless told otherwise. */
  readonly isOurs?: (userId: string) => boolean
}

const WITHIN_MS = 60_000

export async function openReadingsOracle(options: OracleOptions): Promise<ReadingsOracle> {
  const { apiUrl, token, isOurs = () => true, ...broker } = options
  const client = createClient({ baseUrl: apiUrl, token })
  const people = new Map<string, Held>()
  const wrongs: string[] = []
  const gaps: Gap[] = []
  let repeats = 0
  let refuses: (batch: Batch) => boolean = () => false
  const of = (userId: string): Held => {
    const held = people.get(userId) ?? { position: 0, readings: new Map() }
    people.set(userId, held)
    return held
  }

  const consumer = await consumeReadings({
    ...broker,
    client,
    // Of a stranger everything is known.
    position: async (userId) => (isOurs(userId) ? of(userId).position : Number.MAX_SAFE_INTEGER),
    async apply(batch) {
      if (refuses(batch)) throw new Error('the database is away')
      const held = of(batch.userId)
      if (batch.fromSequence !== held.position + 1) wrongs.push(`${batch.fromSequence} behind ${held.position}`)
      let last = held.position
      for (const change of batch.changes) {
        if (change.sequence <= last || change.sequence > batch.toSequence) wrongs.push(`${change.sequence} twice`)
        last = change.sequence
        held.readings.set(change.reading.id, change)
      }
      held.position = batch.toSequence
    },
    erase: async (userId) => void people.delete(userId),
    onGap: (gap) => gaps.push(gap),
    onRepeat({ userId }) {
      if (isOurs(userId)) repeats += 1
    },
  })

  return {
    get repeats() {
      return repeats
    },
    gaps,
    refuse(when) {
      refuses = when
    },
    async expectEverything(person, ms = WITHIN_MS) {
      const latest = async () =>
        (await person.call('GET', `/changes?after=${of(person.userId).position}&limit=1`)).json.latestSequence
      await until(
        `a consumer has everything of ${person.userId}`,
        async () => (await latest()) === of(person.userId).position,
        ms,
      ).catch(async (cause) => {
        throw new Error(`at ${of(person.userId).position} of ${await latest()}`, { cause })
      })
      const { readings } = of(person.userId)
      for await (const { changes } of client.changes(person.userId, { pageSize: 1000 }))
        for (const change of changes)
          if (JSON.stringify(readings.get(change.reading.id)?.reading) !== JSON.stringify(change.reading))
            wrongs.push(`another last word on ${change.sequence}`)
      if (wrongs.length > 0) throw new Error(`a consumer was wronged: ${wrongs.slice(0, 5).join(', ')}`)
    },
    catchUp: consumer.catchUp,
    position: (userId) => of(userId).position,
    taken(userId) {
      const { position, readings } = of(userId)
      return { through: position, readings, wrongs }
    },
    async deadLetters() {
      const model = await connect(options.url)
      try {
        return (await (await model.createChannel()).checkQueue(deadLettersOf(options.queue))).messageCount
      } finally {
        await model.close()
      }
    },
    close: consumer.close,
  }
}
