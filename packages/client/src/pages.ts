import type { ChangePage, ListReadingsQuery, Reading, ReadingPage } from './contract.ts'
import { BgIngestError } from './problem.ts'
import type { Send } from './request.ts'

/** A span as the API takes it (docs/api.md): `[from, to)`, by default the last 24 hours, newest first. */
export interface ReadingsQuery extends Pick<ListReadingsQuery, 'from' | 'to' | 'order' | 'type' | 'unit' | 'cursor'> {
  /** Readings of one call to the API, 1 to 1000; not how many come in all. */
  readonly pageSize?: number
}

export interface ChangesQuery {
  /** Where the consumer stands: the `through` of the last page that it has taken in. Default 0, the beginning. */
  readonly after?: number
  /** Sequences of one call to the API, 1 to 1000. */
  readonly pageSize?: number
}

interface Within {
  readonly person: string
  readonly signal: AbortSignal | undefined
}

/** Page after page of a span, each asked for when the one before has been taken. */
export async function* readingPages(
  send: Send,
  { pageSize: limit, ...query }: ReadingsQuery,
  { person, signal }: Within,
): AsyncGenerator<ReadingPage, void, undefined> {
  let cursor = query.cursor
  do {
    const asked = cursor === undefined ? { ...query, limit } : { cursor, limit, unit: query.unit }
    const page = (await send({ path: person, query: asked, signal })).body as ReadingPage
    yield page
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

/** The readings of those pages, one by one. */
export async function* readingsOf(pages: AsyncIterable<ReadingPage>): AsyncGenerator<Reading, void, undefined> {
  for await (const { readings } of pages) yield* readings
}

/**
 * Ranges of changes up to the newest, each beginning where the one before ended. Whoever has taken all of them has
 * missed nothing: a page that does not adjoin is an error, never skipped.
 */
export async function* changePages(
  send: Send,
  { after = 0, pageSize: limit }: ChangesQuery,
  { person, signal }: Within,
): AsyncGenerator<ChangePage, void, undefined> {
  let position = after
  let more = true
  while (more) {
    const { body } = await send({ path: `${person}/changes`, query: { after: position, limit }, signal })
    const page = body as ChangePage
    refuseGap(page, position)
    yield page
    position = page.through
    more = page.more
  }
}

function refuseGap({ after, through, latestSequence, more, changes }: ChangePage, position: number): void {
  if (latestSequence < position)
    throw new BgIngestError('feed_restarted', 'This person was erased since; their changes begin again at 0')
  const rising = changes.every(({ sequence }, i) => sequence > (changes[i - 1]?.sequence ?? after))
  const inside = (changes.at(-1)?.sequence ?? through) <= through
  const adjoins = after === position && rising && inside && (more ? through > after : through === latestSequence)
  if (!adjoins) throw new BgIngestError('unexpected_answer', 'A page of changes does not adjoin the one before')
}
