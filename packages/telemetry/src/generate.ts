import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createMetrics } from './metrics.ts'
import { renderMetricsDoc } from './render-metrics-doc.ts'

// Usage: node --conditions=source src/generate.ts [--check]. With --check nothing is written; drift exits with 1.
const path = 'docs/metrics.md'
const file = resolve(import.meta.dirname, '../../..', path)
const { body } = await createMetrics({ service: 'worker', defaultMetrics: false }).text()
const text = renderMetricsDoc(body)

if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${path} is not what packages/telemetry says: run pnpm --filter @bg-ingest/telemetry generate`)
  process.exitCode = 1
}
