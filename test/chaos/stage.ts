import { killApp } from '../support/e2e-process.ts'
import { bursting, flowing } from '../support/kill-people.ts'
import { type KillStage, openKillStage, ROOM_HOURS } from '../support/kill-stage.ts'
import { TOKEN_CASES } from '../support/kill-tokens.ts'
import type { Watched } from '../support/oracle-evidence.ts'
import { isAlive } from '../support/processes.ts'
import { type ChaosBackends, startChaosBackends } from './backends.ts'
import { hearDurably } from './hear-durably.ts'
import { type HealthWatch, watchHealth } from './watch-health.ts'

const FLOWING = ['gil', 'lea', 'mio', 'noa', 'oda', 'pit']
const BURSTING = ['sam', 'tea']
const TOKENS = TOKEN_CASES.map(({ account }) => account)

/** The whole service behind wires, twelve people whose data flow, and what watches it from outside. */
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
  /** Keeps two plain workers alive, whoever was killed. */
  refill(): Promise<void>
  close(): Promise<void>
}

const WORKERS = 2

export async function openChaosStage(random: () => number): Promise<ChaosStage> {
  const backends = await startChaosBackends(process.env.DYNAMODB_ENDPOINT ?? '')
  try {
    const stage = await openKillStage({
      users: (startMs) => [...flowing([...FLOWING, ...TOKENS]), ...bursting(BURSTING, startMs, ROOM_HOURS)],
      workers: WORKERS,
      variables: backends.variables,
      redisUrl: backends.redis.url,
      hear: () => hearDurably(backends.rabbitmq.url),
      brokerUrl: backends.rabbitmq.url,
    })
    const health = watchHealth(
      () => [stage.system.api, ...stage.system.workers.filter(({ pid }) => isAlive(pid))],
      [stage.system.api],
    )
    await Promise.all([...FLOWING, ...BURSTING, ...TOKENS].map(stage.connect))
    return Object.assign(stage, {
      backends,
      health,
      random,
      doubted: [],
      async refill() {
        const living = stage.system.workers.filter(({ pid }) => isAlive(pid)).length
        await Promise.all(Array.from({ length: WORKERS - living }, () => stage.startWorker()))
      },
      close: closing(stage.close, health, backends, stage.system.workers),
    })
  } catch (err) {
    await backends.close()
    throw err
  }
}

const closing =
  (
    close: () => Promise<void>,
    health: HealthWatch,
    backends: ChaosBackends,
    workers: ChaosStage['system']['workers'],
  ) =>
  async () => {
    health.stop()
    await Promise.all(workers.map(killApp))
    await close()
    await backends.close()
  }
