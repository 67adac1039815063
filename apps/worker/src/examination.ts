import type { UserId } from '@bg-ingest/domain'
import {
  type Connection,
  type Examined,
  type ExamineOptions,
  examineUser,
  type Finding,
  found,
  type Inspector,
  type Ports,
} from '@bg-ingest/ingest'
import type { Schedules } from '@bg-ingest/queue'
import type { RegistryEntry, UserRegistry } from '@bg-ingest/store/write'
import { scheduleOf } from './shard-check.ts'

export interface ExaminationNeeds {
  readonly ports: Ports
  readonly inspector: Inspector
  readonly registry: Pick<UserRegistry, 'entry'>
  readonly schedules: Pick<Schedules, 'inspect'>
  readonly retentionDays: number
  readonly pollIntervalMs: number
  readonly publishing: boolean
}

export type Examine = (userId: UserId, options: Pick<ExamineOptions, 'days'>) => Promise<Examined>

/** Examines what the tables, the registry and Redis hold of a person. Reads alone, and does not ask Dexcom. */
export function createExamination(needs: ExaminationNeeds): Examine {
  const { ports, inspector, registry, retentionDays, publishing } = needs
  return async (userId, { days }) => {
    const options = { days, retentionDays, publishing }
    const examined = await examineUser({ ...ports, inspector }, options, userId)
    const entry = await registry.entry(userId)
    const outside = [
      ...registryFindings(examined, entry),
      ...(await scheduleFindings(needs, userId, examined.connection)),
    ]
    return { ...examined, findings: [...examined.findings, ...outside] }
  }
}

export const shouldBePolled = (connection: Connection | null): connection is Connection =>
  connection?.status === 'connected' && !connection.paused && !connection.parkedAt

function registryFindings({ connection, state }: Examined, entry: RegistryEntry | null): readonly Finding[] {
  if (!connection) {
    // Whoever was erased and not told of yet stays until it is.
    const isWaiting = state.erasure && !state.erasure.told
    return found({ registry_stranger: entry && !isWaiting ? 1 : 0 })
  }
  if (!entry) return found({ registry_missing: 1 })
  const { status, paused, parkedAt, pollIntervalSeconds } = connection
  const isSame =
    entry.status === status &&
    entry.paused === paused &&
    entry.parked === Boolean(parkedAt) &&
    entry.pollIntervalSeconds === pollIntervalSeconds
  return found({ registry_differs: isSame ? 0 : 1 })
}

async function scheduleFindings(
  { schedules, pollIntervalMs }: ExaminationNeeds,
  userId: UserId,
  connection: Connection | null,
): Promise<readonly Finding[]> {
  const wanted = scheduleOf({ userId, pollIntervalSeconds: connection?.pollIntervalSeconds ?? null }, pollIntervalMs)
  const fault = (await schedules.inspect([wanted])).get(userId)
  if (!shouldBePolled(connection)) return found({ schedule_surplus: fault === 'missing' ? 0 : 1 })
  return fault ? found({ [`schedule_${fault}`]: 1 }) : []
}
