/** What one person costs at Dexcom: the product's own rhythm, as calls an hour. */
export interface Rhythm {
  readonly pollSeconds: number
}

/** Fingersticks and calibrations: two calls every six hours (packages/ingest, SLOW_EVERY_MS). */
const SLOW_CALLS_PER_HOUR = 2 / 6
/** Access tokens live two hours and are renewed ten minutes early on average (token-timing.ts). */
const REFRESHES_PER_HOUR = 60 / (120 - 10)
/** Once a day dataRange twice, and one window of each of three record types (reconcile-user.ts). */
const RECONCILE_CALLS_PER_HOUR = 5 / 24

export const callsPerHour = ({ pollSeconds }: Rhythm): number =>
  3600 / pollSeconds + SLOW_CALLS_PER_HOUR + REFRESHES_PER_HOUR + RECONCILE_CALLS_PER_HOUR

/** Dexcom's limit of one application, and the share of it that the gate uses (docs/adr/0008). */
export const LIMIT_PER_HOUR = 60_000
export const SHARE = 0.8
const USABLE_PER_HOUR = LIMIT_PER_HOUR * SHARE
/** One slot in 75 ms. */
export const SLOT_MS = 3_600_000 / USABLE_PER_HOUR

/** An import asks for every window of 30 days of each record type, and for the range once. */
const callsPerImport = (days: number): number => Math.ceil(days / 30) * 3 + 1

export interface Applications {
  readonly count: number
  readonly usersEach: number
  /** Share of the usable calls that polling takes; the rest is for imports and whoever asks by hand. */
  readonly used: number
  /** Imports of two years that fit beside the polls, an hour and application. */
  readonly importsPerHour: number
}

/** Leaves a tenth for imports and people who ask by hand. */
const HEADROOM = 0.9

/** How many Dexcom applications so many people need. */
export function applicationsFor(users: number, rhythm: Rhythm): Applications {
  const each = Math.floor((USABLE_PER_HOUR * HEADROOM) / callsPerHour(rhythm))
  const count = Math.max(1, Math.ceil(users / each))
  const usersEach = Math.ceil(users / count)
  const polling = usersEach * callsPerHour(rhythm)
  return {
    count,
    usersEach,
    used: polling / USABLE_PER_HOUR,
    importsPerHour: (USABLE_PER_HOUR - polling) / callsPerImport(730),
  }
}
