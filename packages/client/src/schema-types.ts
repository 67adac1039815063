/** As much of JSON Schema as docs/openapi.json uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
}

/** Of biome.json: what is longer stands on several lines. */
const LINE_WIDTH = 120
const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** An exported interface of this name, formatted as Biome would. */
export function interfaceOf(name: string, schema: Schema): string {
  const comment = schema.description ? `/** ${schema.description} */\n` : ''
  return `${comment}export interface ${name} ${bodyOf(schema, '')}\n`
}

/** Every schema that this one refers to by name, itself not counted. */
export function namesIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { $ref } = schema as Schema
  return $ref === undefined ? Object.values(schema).flatMap(namesIn) : [nameOf($ref)]
}

const nameOf = (ref: string): string => ref.split('/').at(-1) ?? ref

function bodyOf({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `
  const fields = Object.entries(properties).map(([name, field]) => {
    const comment = field.description ? `${inner}/** ${field.description} */\n` : ''
    return `${comment}${fieldOf(`${inner}readonly ${name}${required.includes(name) ? '' : '?'}:`, field, inner)}\n`
  })
  return `{\n${fields.join('')}${indent}}`
}

function fieldOf(start: string, schema: Schema, indent: string): string {
  const members = membersOf(schema, indent)
  const line = `${start} ${members.join(' | ')}`
  if (members.length === 1 || line.includes('\n') || line.length <= LINE_WIDTH) return line
  return [start, ...members.map((member) => `${indent}  | ${member}`)].join('\n')
}

/** The members of the union that a schema is; most have one. */
function membersOf(schema: Schema, indent: string): readonly string[] {
  const { $ref, enum: values, const: value, type, items } = schema
  const options = schema.anyOf ?? schema.oneOf
  if ($ref !== undefined) return [nameOf($ref)]
  if (options) return options.flatMap((option) => membersOf(option, indent))
  if (values) return values.map(literal)
  if (value !== undefined) return [literal(value)]
  if (type === 'object') return [bodyOf(schema, indent)]
  if (type === 'array') return [`readonly ${arrayOf(membersOf(items ?? {}, indent))}`]
  const scalars = [type ?? []].flat().map((name) => SCALARS[name])
  if (scalars.length === 0 || scalars.includes(undefined)) return ['unknown']
  return scalars as string[]
}

const arrayOf = (members: readonly string[]): string =>
  members.length === 1 ? `${members[0]}[]` : `(${members.join(' | ')})[]`

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))
