import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { renderErrorsDocument } from './errors-document.ts'
import { openApiDocument } from './openapi/document.ts'
import { createRoutes, type RouteNeeds } from './routes/index.ts'

// Usage: node --conditions=source src/generate.ts [--check]. With --check nothing is written; drift exits with 1.
const root = resolve(import.meta.dirname, '../../..')
// The specs alone are looked at: nothing of what the routes need is touched.
const nothing = { config: { dexcom: { regions: [], redirectUri: '', pkce: false }, returnTo: { origins: [] } } }
const routes = createRoutes(nothing as unknown as RouteNeeds)
const outputs = {
  'docs/errors.md': renderErrorsDocument(),
  'docs/openapi.json': `${JSON.stringify(openApiDocument(routes), null, 2)}\n`,
}

for (const [path, text] of Object.entries(outputs)) {
  if (!process.argv.includes('--check')) writeFileSync(resolve(root, path), text)
  else if (readFileSync(resolve(root, path), 'utf8') !== text) {
    console.error(`${path} is not what the code says: run pnpm --filter @bg-ingest/api generate`)
    process.exitCode = 1
  }
}
