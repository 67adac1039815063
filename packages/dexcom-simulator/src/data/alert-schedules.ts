import type { Device } from '../devices.ts'
import type { HasQuirk } from './quirk-dice.ts'
import type { WireTimes } from './wire-moments.ts'

const EVERY_DAY = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const WORKDAYS = EVERY_DAY.slice(1, 6)

interface ScheduleSettings {
  readonly alertScheduleName: string
  readonly isDefaultSchedule: boolean
  readonly startTime: string
  readonly endTime: string
  readonly daysOfWeek: readonly string[]
}

/** What /devices says about the alerts of one phone: the schedule for every day, and with a quirk two that users made. */
export function alertSchedules(line: Device['line'], setAt: WireTimes, hasQuirk: HasQuirk): object[] {
  const schedule = (name: string, settings: ScheduleSettings) => ({
    alertScheduleSettings: { ...settings, isEnabled: true, isActive: settings.isDefaultSchedule, override: null },
    alertSettings: alertSettings(line, setAt, hasQuirk('duplicatedAlertSettings', name)),
  })
  const always: ScheduleSettings = {
    alertScheduleName: '',
    isDefaultSchedule: true,
    startTime: '00:00',
    endTime: '00:00',
    daysOfWeek: EVERY_DAY,
  }
  if (!hasQuirk('oddSchedules', 'schedules')) return [schedule('default', always)]
  // Shapes that Tidepool has met: 12-hour times, an end behind midnight, empty days (dexcom-api.md 3.5).
  const night = { alertScheduleName: 'Night', isDefaultSchedule: false, startTime: '8:00 PM', endTime: '47:59' }
  const work = { alertScheduleName: 'Work', isDefaultSchedule: false, startTime: '7:30', endTime: '4:30 PM' }
  return [
    schedule('default', { ...always, startTime: '0:00' }),
    schedule('night', { ...night, daysOfWeek: ['friday', '', 'saturday', ''] }),
    schedule('work', { ...work, daysOfWeek: WORKDAYS }),
  ]
}

function alertSettings(line: Device['line'], setAt: WireTimes, isDoubled: boolean): object[] {
  const alert = (alertName: string, value: number, unit: string, snooze: number, more: object = {}) => ({
    alertName,
    value,
    unit,
    snooze,
    enabled: true,
    ...setAt,
    ...more,
  })
  const sounds = { soundTheme: 'modern', soundOutputMode: 'match' }
  const common = [
    alert('low', 70, 'mg/dL', 0),
    alert('high', 250, 'mg/dL', 0, { delay: 30, ...sounds }),
    alert('outOfRange', 20, 'minutes', 0),
  ]
  const full = [
    // 28 minutes where 30 were set (dexcom-api.md 3.5).
    alert('urgentLow', 55, 'mg/dL', 28),
    alert('urgentLowSoon', 55, 'mg/dL', 28),
    ...common,
    alert('rise', 3, 'mg/dL/min', 0),
    alert('fall', 3, 'mg/dL/min', 0),
  ]
  const settings = line === 'one-plus' ? common : full
  return isDoubled ? [...settings, alert('high', 300, 'mg/dL', 0, { enabled: false, ...sounds })] : settings
}
