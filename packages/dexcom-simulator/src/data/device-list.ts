import type { Account } from '../accounts.ts'
import { wireTime } from '../wire-time.ts'
import { EVER, type View, visibleRecords } from './visible-records.ts'
import { createWireWriter } from './wire-records.ts'

const EVERY_DAY = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** The answer of /devices: the one display device of the account with its newest transmitter; none without an upload. */
export function deviceList(account: Account, view: View): object {
  return { recordType: 'device', recordVersion: '3.0', userId: account.dexcomUserId, records: devices(account, view) }
}

function devices(account: Account, { nowMs }: View): object[] {
  // The vendor's delay holds back readings, not the fact that the phone has called.
  const [newest] = visibleRecords(account, { nowMs, vendorDelayMs: 0 }).egvs(EVER, 'newest-first')
  if (!newest) return []
  const { device } = account
  return [
    {
      lastUploadDate: wireTime(newest.uploadTimeMs, 0),
      transmitterId: newest.transmitterId,
      transmitterGeneration: device.transmitterGeneration,
      transmitterGenerationVariant: device.transmitterGeneration,
      displayDevice: device.displayDevice,
      displayApp: device.displayApp,
      alertSchedules: device.mobile ? [alertSchedule(account, newest)] : [],
    },
  ]
}

type Newest = { readonly systemTimeMs: number; readonly transmitterTicks: number }

function alertSchedule(account: Account, { systemTimeMs, transmitterTicks }: Newest): object {
  // Set once, when the transmitter started.
  const times = createWireWriter(account).times(systemTimeMs - transmitterTicks * 1000)
  const alert = (alertName: string, value: number, snooze: number) => ({
    alertName,
    value,
    unit: 'mg/dL',
    snooze,
    enabled: true,
    ...times,
  })
  return {
    alertScheduleSettings: {
      alertScheduleName: '',
      isEnabled: true,
      isDefaultSchedule: true,
      startTime: '00:00',
      endTime: '00:00',
      daysOfWeek: EVERY_DAY,
      isActive: true,
      override: null,
    },
    alertSettings: [
      alert('urgentLow', 55, 28),
      alert('low', 70, 0),
      { ...alert('high', 250, 0), delay: 30, soundTheme: 'modern', soundOutputMode: 'match' },
    ],
  }
}
