import type { Account } from '../accounts.ts'
import { TWIN_DISPLAYS } from '../facts/twins.ts'
import type { SourceEgv } from '../series.ts'
import { wireTime } from '../wire-time.ts'
import { alertSchedules } from './alert-schedules.ts'
import { createQuirkDice } from './quirk-dice.ts'
import { quirkyRecord } from './quirky-record.ts'
import { EVER, type View, visibleRecords } from './visible-records.ts'
import { createWireWriter } from './wire-records.ts'

/** The answer of /devices: each display device of the account with its newest transmitter; none without an upload. */
export function deviceList(account: Account, view: View): object {
  const records = account.options.hidesDevices === true ? [] : devices(account, view)
  return { recordType: 'device', recordVersion: '3.0', userId: account.shownUserId, records }
}

function devices(account: Account, { nowMs }: View): object[] {
  const { device, options } = account
  const twin = options.twin && TWIN_DISPLAYS[options.twin.device]
  const hasQuirk = createQuirkDice(account)
  const { times } = createWireWriter(account)
  const newestOf = (isOwn: boolean): SourceEgv | null => {
    // The vendor's delay holds back readings, not the fact that the phone has called.
    for (const egv of visibleRecords(account, { nowMs, vendorDelayMs: 0 }).egvs(EVER, 'newest-first'))
      if ((egv.twin === undefined) === isOwn) return egv
    return null
  }
  const record = (
    newest: SourceEgv | null,
    display: Pick<typeof device, 'displayDevice' | 'displayApp' | 'mobile'>,
  ) => {
    if (!newest) return []
    // Alerts were set once, when the transmitter started.
    const setAt = times(newest.systemTimeMs - newest.transmitterTicks * 1000)
    const told = {
      lastUploadDate: wireTime(newest.uploadTimeMs, 0),
      transmitterId: newest.transmitterId,
      transmitterGeneration: device.transmitterGeneration,
      transmitterGenerationVariant: device.transmitterGenerationVariant,
      displayDevice: display.displayDevice,
      displayApp: display.displayApp,
      alertSchedules: display.mobile ? alertSchedules(device.line, setAt, hasQuirk) : [],
    }
    return [quirkyRecord(told, `device-${newest.transmitterId}`, hasQuirk)]
  }
  return [...record(newestOf(true), device), ...(twin ? record(newestOf(false), twin) : [])]
}
