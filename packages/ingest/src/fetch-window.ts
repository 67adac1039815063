import {
  AppError,
  type Counts,
  type Deletion,
  type Measurement,
  NO_COUNTS,
  type ReadingType,
  type Window,
} from '@bg-ingest/domain'
import type { Fetched, Ports } from './ports.ts'
import type { Session } from './session.ts'
import { step } from './steps.ts'

export interface WindowContent {
  /** Those that were asked for; one that the person's account does not offer counts as asked. */
  readonly asked: readonly ReadingType[]
  readonly dexcomUserId: string | null
  readonly measurements: readonly Measurement[]
  readonly deletions: readonly Deletion[]
  readonly counts: Pick<Counts, 'fetched' | 'rejected'>
}

/** Asks Dexcom for one window of each record type; what `spare` says is left for another time, but never cgm. The session refuses a page of another account whole. */
export async function fetchWindow(
  ports: Ports,
  session: Session,
  window: Window,
  types: readonly ReadingType[],
  spare: () => boolean = () => false,
): Promise<WindowContent> {
  let { fetched, rejected } = NO_COUNTS
  let dexcomUserId = session.connection.dexcomUserId
  const measurements: Measurement[] = []
  const deletions: Deletion[] = []
  const asked: ReadingType[] = []
  for (const type of types) {
    if (type !== 'cgm' && spare()) continue
    asked.push(type)
    const page = await fetchIfOffered(ports, session, window, type)
    if (!page) continue
    dexcomUserId = page.dexcomUserId
    measurements.push(...page.measurements)
    deletions.push(...page.deletions)
    const refused = [...page.rejected.values()].reduce((sum, count) => sum + count, 0)
    ports.observer.readings(type, 'rejected', refused)
    for (const [field, times] of page.unknownValues) ports.observer.unknownValues(field, times)
    fetched += page.fetched
    rejected += refused
  }
  step('fetched')
  return { asked, dexcomUserId, measurements, deletions, counts: { fetched, rejected } }
}

/** A person may have consented to sensor readings alone: fingersticks and calibrations are then none, not a failure. */
async function fetchIfOffered(
  { dexcom }: Ports,
  session: Session,
  window: Window,
  type: ReadingType,
): Promise<Fetched | null> {
  try {
    return await session.call((call) => dexcom.fetchReadings(call, type, window), { optional: type !== 'cgm' })
  } catch (err) {
    if (type !== 'cgm' && err instanceof AppError && err.code === 'upstream_not_offered') return null
    throw err
  }
}
