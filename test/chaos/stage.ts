import { killApp } from '../support/e2e-process.ts'
import { bursting, flowing } from '../support/kill-people.ts'
import { type KillStage, openKillStage, ROOM_HOURS } from '../support/kill-stage.ts'
import { TOKEN_CASES } from '../support/kill-tokens.ts'
import type { Watched } from '../support/oracle-evidence.ts'
import { isAlive } from '../support/processes.ts'
import { type ChaosBackends, startChaosBackends } from './backends.ts'
import { hearDurably } from './hear-durably.ts'
import { type HealthWatch, watchHealth } from './watch-health.ts'

interface People {
  readonly flowing: readonly string[]
  readonly bursting: readonly string[]
  /** Whose refreshes are hit; their data flow too. */
  readonly tokens: readonly string[]
}

const EVERYBODY: People = {
  flowing: ['gil', 'lea', 'mio', 'noa', 'oda', 'pit'],
  bursting: ['sam', 'tea'],
  tokens: TOKEN_CASES.map(({ account }) => account),
}
/** As many as a short run needs. */
export const FEW: People = { flowing: ['gil', 'lea', 'mio'], bursting: ['sam', 'tea'], tokens: ['tom6'] }

interface ChaosOptions {
  readonly people?: People
  /** Beside, and before, what every process of the service is given. */
  readonly variables?: Readonly<Record<string, string>>
}

/** The whole service behind wires, a dozen people whose data flow, and what watches it from outside. */
export interface ChaosStage extends KillStage {
  readonly backends: ChaosBackends
  readonly health: HealthWatch
  /** From 0 to 1, the same for the same seed. */
  readonly random: () => number
  /** Grants that a kill may have cost, and when it was: looked at when nobody doubts any more. */
  readonly doubted: {
    readonly watched: Watched
    readonly at: number
    readonly inDoubt: boolean
    readonly name: string
  }[]
  /** Whose refresh a kill has hit while it was under way. */
  readonly forgiven: Set<Watched>
  /** Keeps two plain workers alive, whoever was killed. */
  refill(): Promise<void>
  close(): Promise<void>
}

const WORKERS = 2

export async function openChaosStage(random: () => number, options: ChaosOptions = {}): Promise<ChaosStage> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    return await open(random, options, { closers, close })
  } catch (err) {
    await close()
    throw err
  }
}

interface Closing {
  readonly closers: (() => Promise<unknown>)[]
  readonly close: () => Promise<void>
}

async function open(
  random: () => number,
  { people = EVERYBODY, variables = {} }: ChaosOptions,
  { closers, close }: Closing,
): Promise<ChaosStage> {
  const backends = await startChaosBackends(process.env.DYNAMODB_ENDPOINT ?? '')
  closers.push(backends.close)
  const stage = await openKillStage({
    users: (startMs) => [
      ...flowing([...people.flowing, ...people.tokens]),
      ...bursting(people.bursting, startMs, ROOM_HOURS),
    ],
    workers: WORKERS,
    variables: { ...backends.variables, ...variables },
    redisUrl: backends.redis.url,
    hear: () => hearDurably(backends.rabbitmq.url),
    brokerUrl: backends.rabbitmq.url,
  })
  const { system } = stage
  closers.push(stage.close, () => Promise.all(system.workers.map(killApp)))
  const health = watchHealth(() => [system.api, ...system.workers.filter(({ pid }) => isAlive(pid))], [system.api])
  closers.push(async () => health.stop())
  // One after the other: this is no test of a busy machine.
  for (const account of [...people.flowing, ...people.bursting, ...people.tokens]) await stage.connect(account)
  // Not spread: some of the stage's properties are asked anew each time.
  return Object.assign(stage, {
    backends,
    health,
    random,
    doubted: [],
    forgiven: new Set<Watched>(),
    async refill() {
      const living = system.workers.filter(({ pid }) => isAlive(pid)).length
      await Promise.all(Array.from({ length: Math.max(0, WORKERS - living) }, () => stage.startWorker()))
    },
    close,
  })
}
