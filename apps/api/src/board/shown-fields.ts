/**
 * What an operator sees of a job: ids, spans, counts. A list of what may be shown, not of what may not, so that a field
 * which a later version adds (an authorization code is sealed, but still no business of a console) stays hidden.
 */
const SHOWN: ReadonlySet<string> = new Set([
  'v',
  'userId',
  'jobId',
  'trigger',
  'requestId',
  'region',
  'erase',
  'range',
  'from',
  'to',
  'fetched',
  'stored',
  'updated',
  'unchanged',
  'rejected',
  'durationMs',
])

const HIDDEN = '(hidden)'

/** A job's data, result or progress with every other value replaced; names stay, so that an operator sees what was there. */
export function shownFields(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || Array.isArray(value)) return HIDDEN
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, shownField(name, field)]))
}

function shownField(name: string, field: unknown): unknown {
  if (!SHOWN.has(name)) return HIDDEN
  return typeof field === 'object' ? shownFields(field) : field
}
