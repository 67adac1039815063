import { type Deletion, type Measurement, readingKey, toInstant } from '@bg-ingest/domain'
import type { Dexcom, Fetched } from '@bg-ingest/ingest'
import type { Wire } from './memory-store.ts'
import { START_MS } from './wire.ts'

const DEVICE = { transmitterId: 't', generation: 'g7', display: 'iOS', app: 'G7' }
const MINUTE_MS = 60_000
/** Times of the readings there can be; the last two belong to one fingerstick, which moves between them. */
export const SLOTS = 5
export const FINGERSTICK = 3
const isFingerstick = (slot: number) => slot >= FINGERSTICK

export interface Truth {
  readonly records: ReadonlyMap<number, Measurement>
  /** Measures, corrects, or enters again what was taken back. */
  put(slot: number, glucose: number): void
  /** A fingerstick is taken back; sensor readings never are. */
  takeBack(): void
  /** The fingerstick is moved to its other time. */
  move(): void
  /** `onFetch` is told when a fetch begins, and answers what to call when it has ended. */
  dexcom(wire: Wire, onFetch: (signal: AbortSignal) => () => void): Dexcom
}

/** What Dexcom holds of one person: a few readings that come, change and go. */
export function aTruth(): Truth {
  const records = new Map<number, Measurement>()
  const deletions = new Map<number, Deletion>()
  const measurement = (slot: number, glucose: number): Measurement => ({
    timestamp: toInstant(START_MS - (slot + 1) * 30 * MINUTE_MS),
    localTime: null,
    glucose,
    bound: null,
    trend: null,
    trendRate: null,
    type: isFingerstick(slot) ? 'manual' : 'cgm',
    device: DEVICE,
    recordId: isFingerstick(slot) ? 'fingerstick' : `sensor-${slot}`,
    transmitterTicks: null,
  })
  const clearFingerstick = () => {
    for (const slot of [...records.keys()].filter(isFingerstick)) records.delete(slot)
  }
  const put = (slot: number, glucose: number) => {
    if (isFingerstick(slot)) clearFingerstick()
    deletions.delete(slot)
    records.set(slot, measurement(slot, glucose))
  }
  return {
    records,
    put,
    takeBack() {
      for (const [slot, { timestamp, type, device, recordId }] of records)
        if (isFingerstick(slot)) deletions.set(slot, { timestamp, type, device, recordId })
      clearFingerstick()
    },
    move() {
      const at = [...records.keys()].find(isFingerstick)
      const glucose = at === undefined ? undefined : records.get(at)?.glucose
      if (at !== undefined && glucose !== undefined) put(at === FINGERSTICK ? FINGERSTICK + 1 : FINGERSTICK, glucose)
    },
    dexcom: (wire, onFetch) => {
      const fetchReadings: Dexcom['fetchReadings'] = ({ signal }, type) => {
        const ended = onFetch(signal)
        const page = wire('fetch', (): Fetched => {
          const measurements = [...records.values()].filter((record) => record.type === type)
          const gone = [...deletions.values()].filter((record) => record.type === type)
          const counts = { fetched: measurements.length, rejected: new Map(), unknownValues: new Map() }
          return { dexcomUserId: 'dexcom', measurements, deletions: gone, ...counts }
        })
        return page.finally(ended)
      }
      // Nothing else of Dexcom is called by a sync whose tokens are fresh.
      return { fetchReadings, crowded: () => false } as Partial<Dexcom> as Dexcom
    },
  }
}

export const contentsOf = ({ records }: Truth): ReadonlyMap<string, number> =>
  new Map([...records.values()].map((record) => [readingKey(record), record.glucose]))
