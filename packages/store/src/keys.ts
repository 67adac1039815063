/** The two tables; docs/data-model.md lists every access pattern with its key condition. */
export interface Tables {
  /** Partition `userId`, sort key `readingKey`. */
  readonly readings: string
  /** Partition `userId`, sort key `item`: connection, state, change#<first>. */
  readonly accounts: string
}

export const CONNECTION = 'connection'
export const STATE = 'state'

// Twelve digits: at 1000 changes a day a person reaches them after 2.7 million years.
const pad = (sequence: number) => String(sequence).padStart(12, '0')
export const CHANGES = 'change#'
export const changeItem = (first: number) => `${CHANGES}${pad(first)}`
/** Sorts behind every change item and before every other kind. */
export const CHANGES_END = 'change#~'

/** Partition of the registry: user ids cannot contain '#', so no person's partition has such a name. */
export const registryPartition = (shard: string) => `users#${shard}`

/** Of the one item that belongs to nobody: the service's own key, wrapped by KMS. */
export const SERVICE_KEY = { userId: 'service#key', item: 'wrapped' } as const

/** Partition of a day's audit records; like the registry's, no person's can have such a name. */
export const auditPartition = (atMs: number) => `audit#${new Date(atMs).toISOString().slice(0, 10)}`
export const auditItem = (writer: string, first: number) => `${writer}#${pad(first)}`
