/** A reading that is held, in the table or by a caller of the API. */
interface HeldReading {
  readonly timestamp: string
  readonly type: string
  readonly glucose: number
}

/** What the simulator says is true of an account: docs/simulator.md, "Truth". */
export interface Truth {
  readonly readings: readonly TrueReading[]
  readonly deleted: readonly TrueReading[]
  readonly ahead: readonly TrueReading[]
}

interface TrueReading {
  readonly systemTime: string
  readonly type: string
  readonly value: number | null
  readonly twinTime?: string
}

interface Stored extends HeldReading {
  readonly deleted?: boolean | undefined
}

/** Those that are alive, oldest first. */
export const heldOf = (stored: readonly Stored[]): HeldReading[] =>
  stored
    .filter(({ deleted }) => !deleted)
    .map(({ timestamp, type, glucose }) => ({ timestamp, type, glucose }))
    .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1))

/** Below 40 and above 400 there is one value each, for fingersticks and calibrations too. */
const inRange = (value: number) => Math.min(Math.max(value, 39), 401)

const nameOf = (time: string, type: string) => `${time} ${type}`

/**
 * In what readings that are held differ from truth, a line each, without a value; empty where they are the same ones, each
 * of them once.
 */
export function unlikeTruth(held: readonly HeldReading[], { readings }: Pick<Truth, 'readings'>): string[] {
  const left = new Map<string, HeldReading>()
  const faults: string[] = []
  for (const reading of held) {
    const name = nameOf(reading.timestamp, reading.type)
    if (left.has(name)) faults.push(`twice: ${name}`)
    left.set(name, reading)
  }
  for (const { systemTime, type, value, twinTime } of readings) {
    if (value === null) continue
    const names = [systemTime, twinTime].flatMap((time) => (time ? [nameOf(time, type)] : []))
    const name = names.find((one) => left.has(one))
    if (name === undefined) faults.push(`lost: ${names[0]}`)
    else if (left.get(name)?.glucose !== inRange(value)) faults.push(`altered: ${name}`)
    if (name !== undefined) left.delete(name)
  }
  return [...faults, ...[...left.keys()].map((name) => `invented: ${name}`)]
}
