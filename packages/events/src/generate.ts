import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EVENTS, type RoutingKey } from '@bg-ingest/domain'
import { asyncApiDocument } from './asyncapi.ts'
import { eventJsonSchema, schemaPath } from './event-json-schema.ts'

// Usage: node --conditions=source src/generate.ts [--check]. With --check nothing is written; drift exits with 1.
const root = resolve(import.meta.dirname, '../../..')
const schemas = (Object.keys(EVENTS) as RoutingKey[]).map((key) => [schemaPath(key), eventJsonSchema(key)] as const)

for (const [name, document] of [...schemas, ['asyncapi.json', asyncApiDocument()] as const]) {
  const path = resolve(root, 'docs', name)
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`docs/${name} is not what packages/domain says: run pnpm --filter @bg-ingest/events generate`)
    process.exitCode = 1
  }
}
