import { globSync } from 'node:fs'
import { join } from 'node:path'
import { homes, rights } from './import-homes.ts'

/** A file of imports, one in a line, and the lines that Biome has to refuse there. */
export interface RefusalPlant {
  readonly path: string
  readonly text: string
  readonly refused: readonly number[]
  readonly rule: string
}

const libraries = homes.flatMap((home) => home.libraries)

/** Import specifiers of a library; a scope is tried by one package of it. */
const specifierOf = (library: string) => library.replace('/*', '/planted')

/** Every package and app, and the two files with rights of their own. */
const places: readonly (readonly [place: string, path: string])[] = [
  ...globSync('{apps,packages}/*', { cwd: join(import.meta.dirname, '../..') })
    .sort()
    .map((room) => [room, `${room}/src/planted-homes.ts`] as const),
  ['apps/api/src/context.ts', 'apps/api/src/context.ts'],
  ['apps/worker/src/context.ts', 'apps/worker/src/context.ts'],
]

const writeSide = ['@bg-ingest/store/write', '@bg-ingest/store/provision']

/** Every library in every room: what lives there is let in, everything else is refused; so is the write side outside the workers. */
export const homePlants: readonly RefusalPlant[] = places.map(([place, path]) => {
  const isApi = place.startsWith('apps/api')
  const isPublished = place === 'packages/client'
  const allowed = new Set([
    ...rights(place),
    ...(isApi ? rights('apps/api') : []),
    ...(isApi || isPublished ? [] : writeSide),
  ])
  const imported = [...libraries, ...writeSide]
  return {
    rule: `third-party client outside its home: ${place}${isApi ? ', api -> store/write' : ''}`,
    path,
    text: imported.map((library) => `import '${specifierOf(library)}'\n`).join(''),
    refused: imported.flatMap((library, index) => (allowed.has(library) ? [] : [index + 1])),
  }
})

/** Forms of import that must not slip through, each refused in every room. */
const deepImports = [
  "import '@bg-ingest/queue/src/jobs.ts'",
  "import '@bg-ingest/queue/dist/jobs.js'",
  "import '../../queue/src/jobs.ts'",
  "import '../../../packages/queue/src/jobs.ts'",
  "import '../../../apps/api/src/server.ts'",
]
const clientForms = [
  "import type { Queue } from 'bullmq'",
  "export { Queue } from 'bullmq'",
  "import 'bullmq/dist/esm/index.js'",
  "export const load = () => import('bullmq')",
]
const testImports = ["import '@bg-ingest/test'", "import '@bg-ingest/test/support/reporter.ts'"]

export const importPlants: readonly RefusalPlant[] = [
  ...['packages/domain', 'packages/store', 'apps/api', 'apps/worker', 'test'].map((place) =>
    allRefused(`deep import: ${place}`, `${place}/${place === 'test' ? 'unit' : 'src'}/planted-deep.ts`, deepImports),
  ),
  allRefused('forms of importing a client', 'packages/store/src/planted-forms.ts', clientForms),
  ...['packages/domain', 'packages/queue', 'apps/api', 'apps/worker', 'packages/demo'].map((place) =>
    allRefused(`product -> test (import): ${place}`, `${place}/src/planted-test.ts`, testImports),
  ),
]

function allRefused(rule: string, path: string, imports: readonly string[]): RefusalPlant {
  return {
    rule,
    path,
    text: imports.map((line) => `${line}\n`).join(''),
    refused: imports.map((_, index) => index + 1),
  }
}
