import { AppError, REGISTRY_SHARDS, type UserId } from '@bg-ingest/domain'
import { compareRecent, type Examined, type Finding, found, type Ports } from '@bg-ingest/ingest'
import type { UserRegistry } from '@bg-ingest/store/write'
import type { Line, Report, Unseen } from './doctor-report.ts'
import type { Examine } from './examination.ts'
import { inParallel } from './in-parallel.ts'
import type { Repair } from './repair.ts'

export interface DoctorNeeds {
  readonly ports: Ports
  readonly registry: Pick<UserRegistry, 'shard'>
  readonly examine: Examine
  /** Null looks and leaves everything as it is. */
  readonly repair: Repair | null
  readonly hashUser: (userId: UserId) => string
  readonly retentionDays: number
  /** Null does not ask Dexcom. */
  readonly dexcomDays: number | null
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/** The stores are not in a hurry for a doctor; Dexcom's budget is shared by priority anyway. */
const AT_A_TIME = 4

/** Examines one person, or everybody in the registry, part after part. */
export async function examineAll(needs: DoctorNeeds, only: UserId | null): Promise<Report> {
  const lines: Line[] = []
  const unseen: Unseen[] = []
  let people = 0
  const visit = async (userId: UserId) => {
    const user = needs.hashUser(userId)
    people += 1
    try {
      const seen = await examineOne(needs, userId)
      lines.push(...seen.lines.map((line) => ({ user, ...line })))
      unseen.push(...seen.unseen.map((what) => ({ user, what })))
    } catch (err) {
      unseen.push({ user, what: AppError.from(err).code })
    }
  }
  if (only !== null) await visit(only)
  else
    for (const [i, shard] of REGISTRY_SHARDS.entries()) {
      const entries = await needs.registry.shard(shard)
      await inParallel(entries, AT_A_TIME, ({ userId }) => visit(userId))
      needs.progress(`${i + 1} of ${REGISTRY_SHARDS.length} parts, ${people} people, ${lines.length} findings`)
    }
  return { people, lines, unseen }
}

async function examineOne(needs: DoctorNeeds, userId: UserId) {
  const { examine, repair } = needs
  const examined = await examine(userId, { days: null })
  const unseen = examined.busy ? ['somebody wrote all the time; look again later'] : []
  const compared = await compareWithDexcom(needs, userId, examined)
  if (typeof compared === 'string') unseen.push(compared)
  const findings: readonly Finding[] = [...examined.findings, ...(typeof compared === 'string' ? [] : compared)]
  const lines: Omit<Line, 'user'>[] = []
  for (const { finding, count } of findings) {
    // What cannot be repaired now was found nevertheless.
    const repaired = await repair?.(userId, finding, examined).catch((err: unknown) => {
      unseen.push(`${finding} was not repaired: ${AppError.from(err).code}`)
      return null
    })
    lines.push({ finding, count, repaired: repaired ?? null })
  }
  return { lines, unseen }
}

/** Findings, or why nothing could be compared. Nobody who is not connected is asked for. */
async function compareWithDexcom(
  { ports, dexcomDays: days, retentionDays, signal }: DoctorNeeds,
  userId: UserId,
  { connection, findings }: Examined,
): Promise<readonly Finding[] | string> {
  const isSealed = findings.some(({ finding }) => finding === 'tokens_unreadable')
  if (days === null || connection?.status !== 'connected' || isSealed) return []
  try {
    return found({ dexcom_differs: await compareRecent(ports, { days, retentionDays }, userId, signal) })
  } catch (err) {
    return `Dexcom was not compared: ${AppError.from(err).code}`
  }
}
