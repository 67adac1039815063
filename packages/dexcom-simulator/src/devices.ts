const MINUTE_MS = 60_000

interface DeviceModel {
  readonly displayDevice: 'iOS' | 'android' | 'receiver'
  readonly displayApp: string | null
  readonly transmitterGeneration: 'g6' | 'g7'
  /** A phone uploads by itself, sends offsets and is held back by the vendor's delay; a receiver is none of that. */
  readonly mobile: boolean
  /** G7 30 min, G6 2 h (dexcom-api.md 5). */
  readonly warmUpMs: number
  /** A G7 is replaced whole; a G6 transmitter lasts 90 days, nine sensors (dexcom-api.md 5). */
  readonly sessionsPerTransmitter: number
}

const G7 = {
  displayApp: 'G7',
  transmitterGeneration: 'g7',
  mobile: true,
  warmUpMs: 30 * MINUTE_MS,
  sessionsPerTransmitter: 1,
} as const
const G6 = { transmitterGeneration: 'g6', warmUpMs: 120 * MINUTE_MS, sessionsPerTransmitter: 9 } as const

/** What a simulated person wears and looks at. */
export const DEVICES = {
  'g7-ios': { ...G7, displayDevice: 'iOS' },
  'g7-android': { ...G7, displayDevice: 'android' },
  'g6-ios': { ...G6, displayDevice: 'iOS', displayApp: 'G6', mobile: true },
  'g6-receiver': { ...G6, displayDevice: 'receiver', displayApp: null, mobile: false },
} as const satisfies Record<string, DeviceModel>

export const DEVICE_NAMES = [
  'g7-ios',
  'g7-android',
  'g6-ios',
  'g6-receiver',
] as const satisfies (keyof typeof DEVICES)[]

export type Device = DeviceModel
