/** What DynamoDB calls a value, on its wire. */
export type Item = Readonly<Record<string, unknown>>

export function attributeValue(value: unknown): object {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: String(value) }
  if (typeof value === 'boolean') return { BOOL: value }
  if (value === null || value === undefined) return { NULL: true }
  if (Array.isArray(value)) return { L: value.map(attributeValue) }
  return { M: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, attributeValue(field)])) }
}
