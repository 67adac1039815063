import { once } from 'node:events'
import type { Response } from 'express'
import type * as z from 'zod'
import { type Column, csvLine } from './csv.ts'
import { MEDIA_TYPES, type RowFormat } from './format.ts'

/** Pages of rows, each fetched when the one before is written. */
export type Pages = AsyncIterable<readonly unknown[]>

/** How the rows of a list look outside JSON: what each must be, and its columns in CSV. */
export interface RowSpec {
  readonly row: z.ZodType
  // biome-ignore lint/suspicious/noExplicitAny: a row that has passed `row` is what these columns take; TypeScript has no type for the pair
  readonly columns: readonly Column<any>[]
}

/**
 * Writes pages as they come and holds one at a time: a slow reader slows the store down, and who hangs up ends it. A
 * failure behind the first page cuts the connection, so that no half list looks whole.
 */
export async function sendRows(res: Response, spec: RowSpec, format: RowFormat, pages: Pages): Promise<void> {
  const iterator = pages[Symbol.asyncIterator]()
  // The first page comes before the first byte: what fails until then is still an answer.
  let page = await iterator.next()
  res.status(200).set('Content-Type', `${MEDIA_TYPES[format]}; charset=utf-8`)
  if (res.req.method === 'HEAD') {
    await iterator.return?.()
    res.end()
    return
  }
  if (format === 'csv') res.write(csvLine(spec.columns.map(({ name }) => name)))
  const line = lineWriter(spec, format)
  while (!page.done && !res.destroyed) {
    res.locals['readings'] = Number(res.locals['readings'] ?? 0) + page.value.length
    if (!res.write(page.value.map(line).join(''))) await drained(res)
    page = await iterator.next()
  }
  await iterator.return?.()
  res.end()
}

const lineWriter =
  ({ row, columns }: RowSpec, format: RowFormat) =>
  (value: unknown) => {
    const checked = row.parse(value)
    return format === 'csv' ? csvLine(columns.map(({ of }) => of(checked))) : `${JSON.stringify(checked)}\n`
  }

async function drained(res: Response): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  // A reader that hangs up never drains.
  await Promise.race([once(res, 'drain', { signal }), once(res, 'close', { signal })]).finally(() => waiting.abort())
}
