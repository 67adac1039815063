import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { renderErrorsDocument } from './errors-document.ts'

// Usage: node --conditions=source src/generate.ts [--check]. With --check nothing is written; drift exits with 1.
const root = resolve(import.meta.dirname, '../../..')
const outputs = { 'docs/errors.md': renderErrorsDocument() }

for (const [path, text] of Object.entries(outputs)) {
  if (!process.argv.includes('--check')) writeFileSync(resolve(root, path), text)
  else if (readFileSync(resolve(root, path), 'utf8') !== text) {
    console.error(`${path} is not what the code says: run pnpm --filter @bg-ingest/api generate`)
    process.exitCode = 1
  }
}
