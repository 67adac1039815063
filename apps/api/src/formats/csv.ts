export type Cell = string | number | null

export interface Column<Row> {
  readonly name: string
  readonly of: (row: Row) => Cell
}

/** What a spreadsheet takes for a formula (OWASP, CSV injection), tab and line ends before one included. */
const FORMULA = /^[=+\-@\t\r]/
const NEEDS_QUOTES = /[",\r\n]/

/** One line of RFC 4180, with its line end. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** A number is written as it is: `-0.3` is a rate, not a formula. Text that could be a formula gets a `'` before it. */
function csvCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
