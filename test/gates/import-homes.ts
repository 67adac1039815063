/** Which third-party library may be imported where. biome.json extends import-homes.json, which is written from this table. */

interface Home {
  /** Biome globs of the one place that may import these libraries. */
  readonly files: string
  /** Package names; subpaths are included, a trailing `/*` stands for a whole scope. */
  readonly libraries: readonly string[]
}

export interface Ban {
  readonly group: readonly string[]
  readonly message: string
}

interface Room {
  readonly files: readonly string[]
  readonly bans: readonly Ban[]
}

export const homes: readonly Home[] = [
  { files: 'packages/queue', libraries: ['bullmq', 'ioredis'] },
  { files: 'packages/events', libraries: ['amqplib'] },
  { files: 'packages/dexcom', libraries: ['got', 'bottleneck', 'cockatiel'] },
  { files: 'packages/store', libraries: ['@aws-sdk/*', 'undici'] },
  { files: 'packages/security', libraries: ['jose', '@aws-crypto/*'] },
  { files: 'packages/telemetry', libraries: ['winston', 'prom-client'] },
  { files: 'packages/local-stack', libraries: ['dynalite'] },
  {
    files: 'apps/api',
    libraries: ['express', 'helmet', 'express-rate-limit', 'swagger-ui-dist', 'zod-openapi', '@bull-board/*'],
  },
]

/** Loans: libraries that a place may import although their home is elsewhere. */
const loans: Readonly<Record<string, readonly string[]>> = {
  // The consumer of events, for those who have amqplib themselves.
  'packages/client': ['amqplib'],
  // Bottleneck's cluster mode takes an ioredis connection.
  'packages/dexcom': ['ioredis'],
  // The composition roots are the only place with `new` for clients.
  'apps/api/src/context.ts': ['ioredis', '@aws-sdk/*'],
  'apps/worker/src/context.ts': ['ioredis', '@aws-sdk/*'],
}

const surfaceOnly: Ban = {
  group: ['@bg-ingest/*/src/**', '@bg-ingest/*/dist/**', '../**/src/**', '**/packages/**', '**/apps/**'],
  message: 'Import a package by its name and its surface, never by a path into it.',
}
const noTests: Ban = { group: ['@bg-ingest/test', '@bg-ingest/test/**'], message: 'Nothing imports the tests.' }
const shipsAlone: Ban = {
  group: ['@bg-ingest/*', '@bg-ingest/*/**'],
  message: 'The client is published alone: nothing of this workspace comes with it.',
}
const readsOnly: Ban = {
  group: ['@bg-ingest/store/write', '@bg-ingest/store/provision'],
  message: "The API reads DynamoDB and enqueues; writing is the workers' part.",
}

/** The ban list of every file that no room below claims: nobody's home. */
export const everywhere: readonly Ban[] = bansFor([])

/**
 * One room per file set with rights of its own. Biome replaces a rule's options by the last override that matches, it does not
 * merge them: every room carries its complete list, and no file lies in two rooms.
 */
export const rooms: readonly Room[] = [
  ...homes.filter((home) => home.files !== 'apps/api').map((home) => roomOf(home.files, [`${home.files}/**`])),
  { files: ['apps/api/**', '!apps/api/src/context.ts'], bans: [...bansFor(rights('apps/api')), readsOnly] },
  {
    files: ['apps/api/src/context.ts'],
    bans: [...bansFor([...rights('apps/api'), ...rights('apps/api/src/context.ts')]), readsOnly],
  },
  roomOf('apps/worker/src/context.ts', ['apps/worker/src/context.ts']),
  { files: ['packages/client/**'], bans: [...bansFor(rights('packages/client')), shipsAlone] },
  // Tests check the parts against the real clients, but through the same surfaces as everybody else.
  { files: ['test/**'], bans: [surfaceOnly] },
]

function roomOf(place: string, files: readonly string[]): Room {
  return { files, bans: bansFor(rights(place)) }
}

/** The libraries that files of this place may import. */
export function rights(place: string): readonly string[] {
  return [...homes.filter((home) => home.files === place).flatMap((home) => home.libraries), ...(loans[place] ?? [])]
}

function bansFor(allowed: readonly string[]): readonly Ban[] {
  const libraries = homes.flatMap((home) => {
    const banned = home.libraries.filter((library) => !allowed.includes(library))
    return banned.length === 0 ? [] : [{ group: banned.flatMap(globsOf), message: `Only ${home.files} imports this.` }]
  })
  return [...libraries, surfaceOnly, noTests]
}

function globsOf(library: string): readonly string[] {
  return library.endsWith('/*') ? [`${library}*`] : [library, `${library}/**`]
}
