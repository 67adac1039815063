import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { api } from './api.ts'
import { dexcom } from './dexcom.ts'
import { fleet } from './fleet.ts'
import { toGrafana } from './panel.ts'
import { quality } from './quality.ts'

// Usage: node tools/dashboards/write.ts [--check]. With --check nothing is written; drift exits with 1.
const folder = resolve(import.meta.dirname, '../../docker/grafana/dashboards')

for (const dashboard of [fleet, dexcom, api, quality]) {
  const path = resolve(folder, `${dashboard.name}.json`)
  const text = `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${path} is not what tools/dashboards says: run node tools/dashboards/write.ts\n`)
    process.exitCode = 1
  }
}
