/**
 * `node test/gates/write-import-homes.ts [--check]`: writes import-homes.json, which biome.json extends, from the table in
 * import-homes.ts; with --check it only fails if they differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ban, everywhere, rooms } from './import-homes.ts'

const path = join(import.meta.dirname, 'import-homes.json')

const linter = (patterns: readonly Ban[]) => ({
  rules: { style: { noRestrictedImports: { level: 'error', options: { patterns } } } },
})
const config = {
  linter: linter(everywhere),
  overrides: rooms.map((room) => ({ includes: room.files, linter: linter(room.bans) })),
}
const wanted = `${JSON.stringify(config, null, 2)}\n`

if (!process.argv.includes('--check')) writeFileSync(path, wanted)
else if (readFileSync(path, 'utf8') !== wanted) {
  console.error('import-homes.json differs from import-homes.ts: run node test/gates/write-import-homes.ts')
  process.exitCode = 1
}
