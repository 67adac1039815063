import { hash } from 'node:crypto'

type Value = { readonly S: string; readonly N: string }
type Item = Readonly<Record<string, Value | undefined>>

/** What nobody can do without who answers with a page: the text that DynamoDB sends is parsed, and each item becomes a reading. */
export function handMapped(wire: string): readonly object[] {
  const { Items } = JSON.parse(wire) as { readonly Items: readonly Item[] }
  return Items.map((item) => ({
    id: hash('sha256', `${text(item['userId'])}\n${text(item['readingKey'])}`, 'base64url').slice(0, 22),
    userId: text(item['userId']),
    timestamp: text(item['timestamp']),
    localTime: text(item['localTime']),
    glucose: number(item['glucose']),
    unit: 'mg/dL',
    bound: text(item['bound']),
    trend: text(item['trend']),
    trendRate: number(item['trendRate']),
    type: text(item['type']),
    device: {
      transmitterId: text(item['transmitterId']),
      generation: text(item['generation']),
      display: text(item['display']),
      app: text(item['app']),
    },
    sequence: number(item['sequence']),
    revision: number(item['revision']),
    receivedAt: text(item['receivedAt']),
  }))
}

const text = (value: Value | undefined): string | null => value?.S ?? null
const number = (value: Value | undefined): number | null => (value ? Number(value.N) : null)
