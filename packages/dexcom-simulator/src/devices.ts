import { DAY_MS } from '@bg-ingest/domain'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

interface DeviceModel {
  readonly displayDevice: 'iOS' | 'android' | 'receiver'
  readonly displayApp: string | null
  readonly transmitterGeneration: 'g6' | 'g7'
  readonly transmitterGenerationVariant: 'g6' | 'g7' | 'g715day' | 'd1+'
  /** A phone uploads by itself, sends offsets and is held back by the vendor's delay; a receiver is none of that. */
  readonly mobile: boolean
  /** G7 30 min, G6 2 h (dexcom-api.md 5). */
  readonly warmUpMs: number
  readonly sessionMs: number
  /** A G7 is replaced whole; a G6 transmitter lasts 90 days, nine sensors (dexcom-api.md 5). */
  readonly sessionsPerTransmitter: number
  /** How far back the sensor remembers what the phone missed: G7 24 h, G6 3 h (dexcom-api.md 5). */
  readonly backfillMs: number
  /** Dexcom ONE has neither events nor calibrations, ONE+ no urgentLow, urgentLowSoon, rise and fall (dexcom-api.md 1). */
  readonly line: 'full' | 'one' | 'one-plus'
}

const G7 = {
  displayApp: 'G7',
  transmitterGeneration: 'g7',
  transmitterGenerationVariant: 'g7',
  mobile: true,
  warmUpMs: 30 * MINUTE_MS,
  sessionMs: 10 * DAY_MS,
  sessionsPerTransmitter: 1,
  backfillMs: 24 * HOUR_MS,
  line: 'full',
} as const
const G6 = {
  displayApp: 'G6',
  transmitterGeneration: 'g6',
  transmitterGenerationVariant: 'g6',
  mobile: true,
  warmUpMs: 120 * MINUTE_MS,
  sessionMs: 10 * DAY_MS,
  sessionsPerTransmitter: 9,
  backfillMs: 3 * HOUR_MS,
  line: 'full',
} as const
const RECEIVER = { displayDevice: 'receiver', displayApp: null, mobile: false } as const

/** What a simulated person wears and looks at. That ONE goes as a g6 and ONE+ as a g7 is a belief. */
export const DEVICES = {
  'g7-ios': { ...G7, displayDevice: 'iOS' },
  'g7-android': { ...G7, displayDevice: 'android' },
  'g7-receiver': { ...G7, ...RECEIVER },
  'g7-15day-ios': { ...G7, displayDevice: 'iOS', transmitterGenerationVariant: 'g715day', sessionMs: 15 * DAY_MS },
  'g6-ios': { ...G6, displayDevice: 'iOS' },
  'g6-receiver': { ...G6, ...RECEIVER },
  'one-ios': { ...G6, displayDevice: 'iOS', displayApp: 'DexcomOne', line: 'one' },
  'one-plus-ios': {
    ...G7,
    displayDevice: 'iOS',
    displayApp: 'D1G7',
    transmitterGenerationVariant: 'd1+',
    line: 'one-plus',
  },
} as const satisfies Record<string, DeviceModel>

export const DEVICE_NAMES = [
  'g7-ios',
  'g7-android',
  'g7-receiver',
  'g7-15day-ios',
  'g6-ios',
  'g6-receiver',
  'one-ios',
  'one-plus-ios',
] as const satisfies (keyof typeof DEVICES)[]

export type Device = DeviceModel
