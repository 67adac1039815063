import type { ParseArgsConfig } from 'node:util'
import type { WorkerConfig } from '@bg-ingest/config'
import { UserId } from '@bg-ingest/domain'
import type { WorkerContext } from '../context.ts'
import { UsageError } from '../usage-error.ts'

export interface Arguments {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | undefined>>
}

export interface Tools {
  readonly config: WorkerConfig
  readonly context: WorkerContext
  /** Aborts when who called it wants it to end. */
  readonly signal: AbortSignal
  /** Shows how far long work has come, in place of what it showed before. */
  readonly progress: (line: string) => void
}

export interface Outcome {
  /** Whether everything that was asked for is done. */
  readonly complete: boolean
  /** For machines. */
  readonly json: object
  /** For people. */
  readonly text: string
}

export interface Command {
  readonly name: string
  /** What follows the name. */
  readonly usage: string
  /** One line. */
  readonly summary: string
  /** A line for each option, and what else there is to know. */
  readonly about: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  /** Throws UsageError for what can be seen without asking anybody. */
  readonly check?: (args: Arguments) => void
  /** Throws UsageError before it has done anything. */
  run(args: Arguments, tools: Tools): Promise<Outcome>
}

export const textOption = { type: 'string' } as const
export const flagOption = { type: 'boolean', default: false } as const

/** The one person whom a command is about. Throws UsageError. */
export function personOf({ positionals }: Arguments, at = 0): UserId {
  const [text, more] = positionals.slice(at)
  if (text === undefined) throw new UsageError('Whom is it about? See --help.')
  if (more !== undefined) throw new UsageError('One person at a time. See --help.')
  const parsed = UserId.safeParse(text)
  if (!parsed.success) throw new UsageError(`The id of the person ${parsed.error.issues[0]?.message ?? 'is none'}`)
  return parsed.data
}

/** A whole number within bounds; null where the option is not given. Throws UsageError. */
export function numberOf(
  { values }: Arguments,
  name: string,
  { min, max }: { min: number; max: number },
): number | null {
  const text = values[name]
  if (text === undefined) return null
  const value = /^\d{1,9}$/.test(String(text)) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`--${name} takes a whole number from ${min} to ${max}`)
}

export const optionOf = ({ values }: Arguments, name: string): string | null =>
  typeof values[name] === 'string' ? values[name] : null
