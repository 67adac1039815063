import { type Fault, PHASES } from './fault.ts'
import { dexcom } from './faults/dexcom.ts'
import { dynamodb } from './faults/dynamodb.ts'
import { kills } from './faults/kills.ts'
import { rabbitmq } from './faults/rabbitmq.ts'
import { redis } from './faults/redis.ts'
import { requests } from './faults/requests.ts'
import { syncs } from './faults/syncs.ts'
import { workers } from './faults/workers.ts'

/** Everything that can be played, in the order of a run. */
export const FAULTS: readonly Fault[] = [kills, dexcom, dynamodb, redis, rabbitmq, workers, requests, syncs].flat()

/** Faults that are played side by side. */
export interface Scene {
  readonly faults: readonly Fault[]
}

/** The scenes of these faults, phase by phase. */
export const scenesOf = (faults: readonly Fault[]): readonly Scene[] =>
  PHASES.flatMap((phase) => {
    const ofPhase = faults.filter((fault) => fault.phase === phase)
    const names = [...new Set(ofPhase.map(({ scene }) => scene))]
    return names.map((name) => ({ faults: ofPhase.filter(({ scene }) => scene === name) }))
  })

/** The faults that matter most, all at once: a worker stands still while others die, and Redis and the broker with them. */
export const shortScene = (): Scene => ({
  faults: FAULTS.filter(({ short }) => short).map((fault) => ({ ...fault, inTurn: fault.short === 'in turn' })),
})
