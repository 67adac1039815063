import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

// Usage: node tools/licenses.ts. Lists the licences of what the images ship; one that is not known to be free to ship exits with 1.
const FREE = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
])

/** `(MIT OR CC0-1.0)` is free if one of them is, `MIT AND ISC` if both are. */
const isFree = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => FREE.has(one)))

const shipped = ['--filter=@bg-ingest/api...', '--filter=@bg-ingest/worker...']
const output = execFileSync('pnpm', [...shipped, 'licenses', 'list', '--prod', '--json'], {
  cwd: resolve(import.meta.dirname, '..'),
  encoding: 'utf8',
})
const licences = JSON.parse(output) as Readonly<Record<string, readonly { readonly name: string }[]>>
for (const [licence, packages] of Object.entries(licences)) {
  const names = packages.map(({ name }) => name).join(', ')
  process.stdout.write(`${licence.padEnd(16)} ${packages.length}${isFree(licence) ? '' : `: ${names}`}\n`)
  if (!isFree(licence)) process.exitCode = 1
}
