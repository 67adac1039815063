/** A ratio that is compared with the one of the last time that somebody looked at it: see each file for when that was. */
export interface QuickRatio {
  readonly name: string
  /** The least disturbed of many rounds, of the work and of its base. */
  readonly ratio: number
  /** What it was. */
  readonly was: number
}
