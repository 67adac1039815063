import { AuditLine } from './entry.ts'

/** A record, or a line of the trail that is none any more. */
export type ReadLine =
  | AuditLine
  | { readonly kind: 'unreadable'; readonly writer: string | null; readonly line: number }

/** The audit records among the lines of a log, in their order; lines of other kinds are passed over. */
export function readAuditLines(text: string): readonly ReadLine[] {
  return text.split('\n').flatMap((raw, index): readonly ReadLine[] => {
    const value = objectIn(raw)
    if (value?.['stream'] !== 'audit') return []
    const parsed = AuditLine.safeParse(value)
    if (parsed.success) return [parsed.data]
    return [
      { kind: 'unreadable', writer: typeof value['writer'] === 'string' ? value['writer'] : null, line: index + 1 },
    ]
  })
}

function objectIn(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
}
