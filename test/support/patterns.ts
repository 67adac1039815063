import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'

export interface Pattern {
  readonly source: string
  readonly flags: string
}

interface Found {
  /** Every regular expression that the file writes down, also as the template of `new RegExp(…)`, with a name in its gaps. */
  readonly literals: readonly Pattern[]
  /** Texts of other `RegExp(…)`, whose pattern is not known before they run. */
  readonly unknown: readonly string[]
}

interface Node {
  readonly type?: string
  readonly start?: number
  readonly end?: number
  readonly regex?: { readonly pattern: string; readonly flags: string }
  readonly callee?: { readonly name?: string }
  readonly arguments?: readonly Node[]
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[]
  readonly value?: unknown
}

/** Reads the regular expressions of a TypeScript file. Throws where it cannot be parsed: what is not seen is not tested. */
export function patternsIn(path: string): Found {
  const text = readFileSync(path, 'utf8')
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed`)
  const literals: Pattern[] = []
  const unknown: string[] = []
  visit(program, (node) => {
    if (node.type === 'Literal' && node.regex) literals.push({ source: node.regex.pattern, flags: node.regex.flags })
    const calls = node.type === 'NewExpression' || node.type === 'CallExpression'
    if (!calls || node.callee?.name !== 'RegExp') return
    const known = builtPattern(node.arguments ?? [])
    if (known) literals.push(known)
    else unknown.push(text.slice(node.start, node.end))
  })
  return { literals, unknown }
}

function builtPattern([pattern, flags]: readonly Node[]): Pattern | null {
  if (pattern?.type !== 'TemplateLiteral' || (flags && typeof flags.value !== 'string')) return null
  const source = (pattern.quasis ?? []).map(({ value }) => value.cooked).join('name')
  return { source, flags: String(flags?.value ?? '') }
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) look(value as Node)
  for (const field of Object.values(value)) visit(field, look)
}

/** Long texts that make a backtracking pattern try everything: what it likes, over and over, with an end that it does not. */
export function hostileTexts({ source }: Pattern, length: number): readonly string[] {
  const plain = source.replace(/\\[a-zA-Z]|[[\](){}?*+.|^$]/g, ' ').split(/\s+/)
  const words = [...new Set(plain.map((word) => word.replaceAll('\\', '')))].filter((word) => word !== '')
  const units = new Set([...UNITS, ...words, ...words.flatMap((word) => [...word]).slice(0, 20)])
  const starts = ['', ...words.slice(0, 2), 'Bearer ', 'wait=']
  return [...units].flatMap((unit) => {
    const run = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
    return starts.flatMap((start) => ENDS.map((end) => `${start}${run}${end}`))
  })
}

const UNITS = ['a', '0', ' ', '\t', '-', '.', '/', '=', ',', ';', '"', 'a ', 'a,', '0.', 'a=', '{a', '\n', 'é']
const ENDS = ['', '!', '\u0000', '\n']
