import { AppError } from '@bg-ingest/domain'

/** DynamoDB takes items of up to 400 KB. */
const LIMIT_BYTES = 400 * 1024

/** Passes an item on; one that DynamoDB would refuse for its size is refused before anything is sent. */
export function refuseOversized<T extends Record<string, unknown>>(item: T): T {
  if (sizeOf(item) > LIMIT_BYTES) throw new AppError('internal_error', 'An item is larger than DynamoDB takes')
  return item
}

// As DynamoDB counts: text in UTF-8, numbers up to 21 bytes, lists and maps with 3 bytes and 1 for each entry.
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? 21 : 1
  if (Array.isArray(value)) return value.reduce<number>((sum, entry) => sum + 1 + sizeOf(entry), 3)
  return Object.entries(value).reduce((sum, [name, entry]) => sum + 1 + Buffer.byteLength(name) + sizeOf(entry), 3)
}
