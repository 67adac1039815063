import { type Device, type Measurement, type StoredReading, toInstant, UserId } from '@bg-ingest/domain'
import type { Connection } from '@bg-ingest/ingest'

/** Readings are built five minutes apart from here on, as a sensor measures them. */
const FIRST_MS = Date.parse('2026-11-20T00:00:00Z')
const CADENCE_MS = 300_000

const counter = () => {
  let last = 0
  return () => {
    last += 1
    return last
  }
}
const nextUser = counter()
const nextMeasurement = counter()
const nextSequence = counter()

/** A person nobody else in this process has. */
export const aUserId = (name = 'user'): UserId => UserId.parse(`${name}-${nextUser()}`)

type Over<T extends Measurement> = Partial<Omit<T, 'device'>> & { readonly device?: Partial<Device> }

const PHONE: Device = { transmitterId: 'a1b2c3', generation: 'g7', display: 'iOS', app: 'G7' }

/** A cgm measurement by a phone, later than the one built before by five minutes; `over` says what is special about it. */
export function aMeasurement({ device, ...over }: Over<Measurement> = {}): Measurement {
  const n = nextMeasurement()
  return {
    timestamp: toInstant(FIRST_MS + n * CADENCE_MS),
    localTime: null,
    glucose: 100 + (n % 50),
    bound: null,
    trend: 'flat',
    trendRate: 0.1,
    type: 'cgm',
    recordId: `record-${String(n).padStart(6, '0')}`,
    transmitterTicks: n * 300,
    ...over,
    device: { ...PHONE, ...device },
  }
}

/** A stored reading with a sequence of its own. */
export function aStoredReading({
  userId,
  sequence,
  revision,
  receivedAt,
  ...over
}: Over<StoredReading> = {}): StoredReading {
  const measurement = aMeasurement(over)
  return {
    ...measurement,
    userId: userId ?? UserId.parse('alice'),
    sequence: sequence ?? nextSequence(),
    revision: revision ?? 1,
    receivedAt: receivedAt ?? toInstant(Date.parse(measurement.timestamp) + 3_600_000),
  }
}

/** A connected person, whose tokens are sealed by nobody. */
export function aConnection(over: Partial<Connection> = {}): Connection {
  const at = toInstant(FIRST_MS)
  return {
    userId: UserId.parse('alice'),
    status: 'connected',
    region: 'default',
    connectedAt: at,
    dexcomUserId: null,
    pollIntervalSeconds: null,
    paused: false,
    problem: null,
    tokens: {
      access: 'sealed-access',
      refresh: 'sealed-refresh',
      expiresAt: toInstant(FIRST_MS + 7_200_000),
      refreshAt: toInstant(FIRST_MS + 6_600_000),
      version: 1,
      presentedAt: null,
      presentations: 0,
      presentAgainAt: null,
      stamp: 'stamp-1',
    },
    refusals: null,
    codeId: null,
    notices: [],
    ...over,
  }
}
