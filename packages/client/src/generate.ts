import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { interfaceOf, namesIn, type Schema } from './schema-types.ts'

// Usage: node --conditions=source src/generate.ts [--check]. With --check nothing is written; drift exits with 1.
const root = resolve(import.meta.dirname, '../../..')
const PATH = 'packages/client/src/contract.ts'

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
}

const { components, paths } = JSON.parse(readFileSync(resolve(root, 'docs/openapi.json'), 'utf8')) as {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const { schemas } = components

/** What the client hands out; what these refer to comes along. */
const ANSWERS = [
  'LatestReading',
  'ReadingPage',
  'ChangePage',
  'SyncStatus',
  'Connection',
  'Authorization',
  'DisconnectAccepted',
  'Problem',
]
/** What the client takes, by the operation that it goes to. */
const QUERIES = ['listReadings']
const BODIES = ['createConnection', 'patchConnection']

function operation(id: string): Operation {
  const found = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .find(({ operationId }) => operationId === id)
  if (!found) throw new Error(`docs/openapi.json has no operation ${id}`)
  return found
}

const nameFor = (id: string, part: string) => `${id[0]?.toUpperCase()}${id.slice(1)}${part}`

function queryOf(id: string): string {
  const query = (operation(id).parameters ?? []).filter((parameter) => parameter.in === 'query')
  const properties = Object.fromEntries(query.map(({ name, schema }) => [name, schema]))
  return interfaceOf(nameFor(id, 'Query'), { type: 'object', properties })
}

function bodyOf(id: string): string {
  const schema = operation(id).requestBody?.content['application/json'].schema
  if (!schema) throw new Error(`${id} takes no body`)
  return interfaceOf(nameFor(id, 'Body'), schema)
}

/** These schemas and all that they lead to, each once, in the order in which they are first named. */
function reachable(names: readonly string[], seen = new Set<string>()): readonly string[] {
  for (const name of names) {
    if (seen.has(name)) continue
    seen.add(name)
    reachable(namesIn(schemas[name]), seen)
  }
  return [...seen]
}

const text = [
  '// Written by `pnpm --filter @bg-ingest/client generate` from docs/openapi.json; do not edit.\n',
  ...reachable(ANSWERS).map((name) => interfaceOf(name, schemas[name] ?? {})),
  ...QUERIES.map(queryOf),
  ...BODIES.map(bodyOf),
].join('\n')

if (!process.argv.includes('--check')) writeFileSync(resolve(root, PATH), text)
else if (readFileSync(resolve(root, PATH), 'utf8') !== text) {
  console.error(`${PATH} is not what docs/openapi.json says: run pnpm --filter @bg-ingest/client generate`)
  process.exitCode = 1
}
