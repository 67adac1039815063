import type { Instant, UserId } from '@bg-ingest/domain'
import type { LatestReader, OpenedEntry } from '@bg-ingest/queue'
import type { AccountReader } from '@bg-ingest/store/read'

/** How far a person's data stands. */
export interface Standing {
  /** Changes with every commit, and is never again what it was: an erased person's numbers begin anew. */
  readonly revision: string
  readonly completeThrough: Instant | null
  /** Whether nothing is being written: then what is stored is what this revision says. */
  readonly isSettled: boolean
}

interface Needs {
  readonly entries: LatestReader
  readonly accounts: AccountReader
}

type Known = Pick<OpenedEntry, 'committedSequence' | 'completeThrough'> & {
  readonly connection: { readonly connectedAt: Instant | null } | null
}

const standingOf = ({ connection, committedSequence, completeThrough }: Known, isSettled: boolean): Standing => ({
  revision: `${committedSequence}@${connection?.connectedAt ?? ''}`,
  completeThrough,
  isSettled,
})

/** From the person's entry; while none is up, from the store. Asked before what it is the revision of is read. */
export const standings =
  ({ entries, accounts }: Needs) =>
  async (userId: UserId): Promise<Standing> => {
    const entry = await entries.read(userId)
    if (entry) return standingOf(entry, true)
    const { connection, state } = await accounts.account(userId)
    const { committedSequence, completeThrough } = state
    return standingOf({ connection, committedSequence, completeThrough }, false)
  }
