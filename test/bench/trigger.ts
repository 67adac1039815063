import { randomUUID } from 'node:crypto'
import { UserId } from '@bg-ingest/domain'
import { startLocalStack } from '@bg-ingest/local-stack'
import { connectForWork, createProducer } from '@bg-ingest/queue'
import { connect } from 'amqplib'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, type System, startSystem, untilHistoryIs } from '../support/e2e-system.ts'
import { until } from '../support/until.ts'
import { type Answered, openLoop, percentile } from './open-loop.ts'
import { atMost, type Bench, type BenchOptions, figureOf } from './result.ts'

/** Each gets one notice a round, so that no delivery waits for another of its person. */
const PEOPLE = 40
const RATES = [10, 100]
const GOAL_RATE = 100
const CADENCE_MS = 300_000
const SET_UP_MS = 240_000
const HEARD_WITHIN_MS = 60_000
const NOTICE = { type: 'data.available' }
const P50_MS = 12
const P99_MS = 40
const ACK_MS = 10
const WAITING_POLLS = 10_000
/** Who asks for all at once is told after 1.4 s that the queue is away. */
const ASKED_AT_A_TIME = 200
const WAITING_RATE = 10
const BEHIND_P99_MS = 100

interface Round {
  readonly acks: readonly Answered[]
  readonly events: readonly Pick<Answered, 'latencyMs'>[]
}

/** From a notice that something is new to the event that says what: through every process and backend, with a Dexcom that answers at once. */
export const trigger: Bench = {
  summary: 'webhook to event at a consumer, over the real processes and backends',
  async run({ rounds }: BenchOptions) {
    const signal = AbortSignal.timeout(SET_UP_MS)
    const stack = await startLocalStack({ env: process.env, say: console.error, signal, requireReal: true })
    Object.assign(process.env, stack.env)
    try {
      const names = Array.from({ length: PEOPLE }, (_, n) => `triggered-${n}`)
      const system = await startSystem({
        workers: 1,
        simulator: { users: names.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 0.5 })) },
      })
      try {
        return await measured(system, await connected(system, names), rounds)
      } finally {
        await system.stop()
      }
    } finally {
      await stack.stop()
    }
  },
}

async function connected(system: System, names: readonly string[]): Promise<readonly string[]> {
  const people: string[] = []
  for (const name of names) {
    const person = await system.connect(aPerson(name), name)
    await untilHistoryIs('complete', person)
    people.push(person.userId)
  }
  return people
}

async function measured(system: System, people: readonly string[], rounds: number) {
  const ears = await listen()
  try {
    const taken = new Map<number, Round[]>(RATES.map((rate) => [rate, []]))
    for (let round = -1; round < rounds; round += 1)
      for (const rate of RATES) {
        const one = await roundOf(system, ears, people, rate)
        if (round >= 0) taken.get(rate)?.push(one)
      }
    const behind = await behindPolls(system, () => roundOf(system, ears, people, WAITING_RATE))
    return [...RATES.flatMap((rate) => linesOf(rate, taken.get(rate) ?? [])), behind]
  } finally {
    await ears.close()
  }
}

/** The same while polls wait: of people who are not there, so that each costs a lease and a look, and no call. */
async function behindPolls({ variables }: System, round: () => Promise<Round>) {
  const redis = connectForWork(variables.REDIS_URL ?? '', { onError: () => undefined })
  const prefix = variables.REDIS_PREFIX
  const producer = createProducer(redis, { now: Date.now, newId: randomUUID, ...(prefix ? { prefix } : {}) })
  try {
    const polls = Array.from({ length: WAITING_POLLS }, (_, n) => UserId.parse(`waiting-${n}`))
    for (let from = 0; from < polls.length; from += ASKED_AT_A_TIME)
      await Promise.all(
        polls
          .slice(from, from + ASKED_AT_A_TIME)
          .map((userId) => producer.requestSync({ userId, trigger: 'poll', requestId: 'bench' })),
      )
    const { events } = await round()
    return figureOf(
      {
        name: `event, p99 at ${WAITING_RATE}/s behind 10,000 waiting polls`,
        unit: 'ms',
        n: events.length,
        goal: atMost(BEHIND_P99_MS, `at most ${BEHIND_P99_MS} ms`),
      },
      [percentile(events, 99)],
    )
  } finally {
    await producer.close()
    redis.disconnect()
  }
}

async function roundOf(system: System, ears: Ears, people: readonly string[], rate: number): Promise<Round> {
  const send = webhookSender(system.apiUrl, system.variables)
  // One reading more of everybody.
  system.simulator.clock.advance(CADENCE_MS)
  ears.forget()
  const beganAt = performance.now()
  const acks = await openLoop({
    perSecond: rate,
    seconds: people.length / rate,
    ask: async (n) => (await send(people[n] ?? '', NOTICE)).status,
  })
  await until('everybody was heard of', () => people.every((id) => ears.heardAt(id) !== undefined), HEARD_WITHIN_MS)
  const events = people.map((id, n) => ({
    latencyMs: (ears.heardAt(id) ?? Number.NaN) - beganAt - (acks[n]?.dueMs ?? Number.NaN),
  }))
  return { acks, events }
}

interface Ears {
  /** When the first event about a person came since it was forgotten. */
  heardAt(userId: string): number | undefined
  forget(): void
  close(): Promise<void>
}

/** A consumer of what has changed. */
async function listen(): Promise<Ears> {
  const model = await connect(process.env['RABBITMQ_URL'] ?? '')
  const channel = await model.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'bg.events', 'readings.changed')
  const heard = new Map<string, number>()
  const hear = (message: { readonly content: Buffer } | null) => {
    const { subject } = JSON.parse(String(message?.content)) as { readonly subject: string }
    if (!heard.has(subject)) heard.set(subject, performance.now())
  }
  await channel.consume(queue, hear, { noAck: true })
  return {
    heardAt: (userId) => heard.get(userId),
    forget: () => heard.clear(),
    close: () => model.close(),
  }
}

function linesOf(rate: number, rounds: readonly Round[]) {
  const n = PEOPLE * rounds.length
  const isJudged = rate === GOAL_RATE
  const figure = (name: string, most: number, values: readonly number[]) =>
    figureOf(
      {
        name: `${name} at ${rate}/s`,
        unit: 'ms',
        n,
        ...(isJudged ? { goal: atMost(most, `at most ${most} ms`) } : {}),
      },
      values,
    )
  return [
    figure(
      'acknowledged, p99',
      ACK_MS,
      rounds.map(({ acks }) => percentile(acks, 99)),
    ),
    figure(
      'event, p50',
      P50_MS,
      rounds.map(({ events }) => percentile(events, 50)),
    ),
    figure(
      'event, p99',
      P99_MS,
      rounds.map(({ events }) => percentile(events, 99)),
    ),
  ]
}
