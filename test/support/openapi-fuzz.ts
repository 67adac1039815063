import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
}

interface Content {
  readonly schema: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

export interface Operation {
  readonly operationId: string
  readonly method: string
  readonly path: string
  readonly parameters?: readonly {
    readonly in: 'path' | 'query' | 'header'
    readonly name: string
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>
}

const file = new URL('../../docs/openapi.json', import.meta.url)

export type Contract = ReturnType<typeof readContract>

export function readContract() {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]): Operation => ({ ...operation, method: method.toUpperCase(), path }),
    ),
  )
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  addFormats.default(ajv)
  ajv.addSchema(document, 'contract')
  const compiled = new Map<string, ValidateFunction>()
  /** Of what an answer with this status and media type has to be; undefined where the contract knows no such answer. */
  const answerCheck = (
    { path, method, responses }: Operation,
    status: number | string,
    type: string,
  ): (((value: unknown) => boolean) & Pick<ValidateFunction, 'errors'>) | undefined => {
    const known = responses[status]
    // A redirect or 304 has nothing that a caller reads.
    if (known && known.content === undefined) return () => true
    if (known?.content?.[type] === undefined) return undefined
    const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
    const ref = `contract#/${pointer.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
    const check = compiled.get(ref) ?? ajv.compile({ $ref: ref })
    compiled.set(ref, check)
    return check
  }
  const resolve = (schema: Schema): Schema => {
    if (schema.$ref === undefined) return schema
    const names = schema.$ref.slice(2).split('/')
    return names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document) as Schema
  }
  return { operations, answerCheck, resolve }
}

const NASTY = [
  '',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'a\u0000b',
  'a\r\nX-Evil: 1',
  '%',
  '"; DROP TABLE bg;--',
  '{"$gt":""}',
  '1e400',
  '-0',
  'NaN',
  '\u202e\ud83d\ude00',
  '0'.repeat(400),
]
const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const instants = fc
  .date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2030-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

type ValuesOf = (schema: Schema) => fc.Arbitrary<unknown>

/** Values of a schema that are right in everything. */
export const rightValuesOf = (given: Schema, resolve: (schema: Schema) => Schema): fc.Arbitrary<unknown> =>
  rightValues(resolve(given), (inner) => rightValuesOf(inner, resolve))

/** Values of a schema, most of them right, some of them anything, and so are all values within them. */
export function valuesOf(given: Schema, resolve: (schema: Schema) => Schema): fc.Arbitrary<unknown> {
  const right = rightValues(resolve(given), (inner) => valuesOf(inner, resolve))
  return fc.oneof(
    { weight: 6, arbitrary: right },
    { weight: 1, arbitrary: nasty },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
}

function rightValues(schema: Schema, within: ValuesOf): fc.Arbitrary<unknown> {
  const options = schema.anyOf ?? schema.oneOf
  if (options) return fc.oneof(...options.map(within))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, within)
    case 'array':
      return fc.array(within(schema.items ?? {}), { maxLength: 3 })
    case 'integer':
      return integersOf(schema)
    case 'number':
      return fc.double()
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return schema.format === 'date-time' ? instants : fc.constantFrom('alice', 'default', 'job_0', 'x')
  }
}

/** Those at and beyond the bounds, which chance prefers, and as many from anywhere between. */
function integersOf({ minimum = 0, maximum = 1e6 }: Schema) {
  const range = { min: minimum - 1, max: Math.min(maximum + 1, 2 ** 31) }
  return fc.oneof(fc.integer(range), fc.noBias(fc.integer(range)))
}

function objectsOf({ properties = {}, required = [] }: Schema, within: ValuesOf) {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, within(field)]))
  return fc.record(fields, { requiredKeys: required as never[] })
}
