import type { SimulatedUser } from '@bg-ingest/dexcom-simulator'

interface DemoPerson {
  readonly userId: string
  readonly description: string
  readonly dexcom: SimulatedUser
}

const HISTORY_DAYS = 30

/** Three people, each known here by one name and at Dexcom by another, as in life. */
export const DEMO_PEOPLE: readonly DemoPerson[] = [
  {
    userId: 'alice',
    description: 'quiet days',
    dexcom: { name: 'quiet', kind: 'generated', profile: 'quiet', historyDays: HISTORY_DAYS },
  },
  {
    userId: 'bruno',
    description: 'lively days, highs and lows',
    dexcom: { name: 'lively', kind: 'generated', profile: 'lively', historyDays: HISTORY_DAYS },
  },
  {
    userId: 'chloe',
    description: 'gaps, and data that comes late',
    dexcom: { name: 'gappy', kind: 'generated', profile: 'gappy', historyDays: HISTORY_DAYS },
  },
]
