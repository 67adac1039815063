import type { PublicChange } from '@bg-ingest/domain'
import type { Column } from './csv.ts'
import { readingColumns } from './reading-columns.ts'

/** A change on one line: its number and kind, then the reading as in its own list. */
export const changeColumns: readonly Column<PublicChange>[] = [
  { name: 'changeSequence', of: ({ sequence }) => sequence },
  { name: 'kind', of: ({ kind }) => kind },
  ...readingColumns.map(({ name, of }): Column<PublicChange> => ({ name, of: ({ reading }) => of(reading) })),
]
