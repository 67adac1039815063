import type * as z from 'zod'
import { ConfigError, type Problem } from './config-error.ts'
import { variables } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Outcome<T> = { readonly value: T } | { readonly problems: readonly Problem[] }

/** One subject of the configuration: the whole environment in, its own part out, or everything that is wrong with it. */
export type Concern<T> = (env: Environment) => Outcome<T>

/** A check across variables. It sees the raw texts, so that it still speaks where another variable is unreadable. */
export type Rule = (env: Environment) => readonly Problem[]

export function concern<T>(schema: z.ZodType<T>, ...rules: readonly Rule[]): Concern<T> {
  return (env) => {
    const parsed = schema.safeParse(env)
    const issues = parsed.error?.issues ?? []
    const problems = [
      ...issues.map(({ path, message }) => ({ name: path.join('.'), detail: message })),
      ...rules.flatMap((rule) => rule(env)),
    ]
    return parsed.success && problems.length === 0 ? { value: parsed.data } : { problems }
  }
}

type Values<C> = { readonly [K in keyof C]: C[K] extends Concern<infer T> ? T : never }

/** Reads every concern of one process, and throws one ConfigError for all that is wrong in any of them. */
export function readConcerns<C extends Readonly<Record<string, Concern<unknown>>>>(
  given: Environment,
  concerns: C,
): Values<C> {
  const env = withDefaults(given)
  const problems: Problem[] = []
  const values: Record<string, unknown> = {}
  for (const [key, read] of Object.entries(concerns)) {
    const outcome = read(env)
    if ('value' in outcome) values[key] = outcome.value
    else problems.push(...outcome.problems)
  }
  if (problems.length > 0) throw new ConfigError(inOrder(problems))
  return values as Values<C>
}

/** An empty variable counts as unset: that is how .env files and compose write "none". */
function withDefaults(given: Environment): Environment {
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== '')
  const defaults = variables.flatMap(({ name, fallback }) => (fallback === null ? [] : [[name, fallback]]))
  return Object.fromEntries([...defaults, ...set])
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const place = (name: string) => variables.findIndex((variable) => variable.name === name)
  const unique = new Map(problems.map((problem) => [`${problem.name}\n${problem.detail}`, problem]))
  return [...unique.values()].sort((a, b) => place(a.name) - place(b.name))
}
