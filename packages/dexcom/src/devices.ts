import { DEVICES_PATH, DeviceRecord } from '@bg-ingest/dexcom-contract'
import type { Device, Instant } from '@bg-ingest/domain'
import type { Caller } from './caller.ts'
import type { DexcomCall } from './data-call.ts'
import { getPage } from './records-page.ts'
import { withTolerance } from './tolerance.ts'
import type { Timeouts } from './transport.ts'
import { readInstant, textOrNull } from './wire-fields.ts'

export interface UploadingDevice extends Device {
  /** By Dexcom's clock, of the last upload; null where Dexcom does not say. */
  readonly lastUploadAt: Instant | null
}

export interface Devices {
  readonly dexcomUserId: string
  readonly devices: readonly UploadingDevice[]
}

const WireDevice = withTolerance(DeviceRecord, [])

/**
 * Every device of the account. Its alert settings, which have come in many shapes (dexcom-api.md 3.5), are not looked
 * at. Active phones have been missing here: nothing may depend on an entry. Throws AppError.
 */
export async function devices(caller: Caller, call: DexcomCall, timeouts: Timeouts): Promise<Devices> {
  const { userId, records } = await getPage(caller, call, {
    endpoint: 'devices',
    path: DEVICES_PATH,
    recordType: 'device',
    timeouts,
  })
  return { dexcomUserId: userId, devices: records.map(readDevice).filter((device) => device !== null) }
}

function readDevice(record: unknown): UploadingDevice | null {
  const { data: device } = WireDevice.safeParse(record)
  if (!device) return null
  return {
    transmitterId: textOrNull(device.transmitterId),
    generation: textOrNull(device.transmitterGeneration),
    display: textOrNull(device.displayDevice),
    app: textOrNull(device.displayApp),
    lastUploadAt: readInstant(device.lastUploadDate),
  }
}
