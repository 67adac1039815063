import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Taken {
  readonly userId: string
  readonly to: number
  readonly changes: number
}

export interface DocumentedConsumer {
  taken(userId: string): readonly Taken[]
  stop(): Promise<void>
}

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** A database as its reader would have one, in memory, which says what it was given. */
const DB = `
const positions = new Map()
export const db = {
  position: async (userId) => positions.get(userId) ?? 0,
  async transaction(userId, to, changes) {
    positions.set(userId, to)
    console.log(JSON.stringify({ userId, to, changes: changes.length }))
  },
  forget: async (userId) => void positions.delete(userId),
}`

/** Runs the program that docs/events.md shows, to the letter. */
export async function runDocumented(variables: Readonly<Record<string, string>>): Promise<DocumentedConsumer> {
  const text = await readFile(pathOf('../../docs/events.md'), 'utf8')
  const program = /```js\n([\s\S]*?)```/.exec(text)?.[1]
  if (!program) throw new Error('docs/events.md shows no consumer')
  const dir = await mkdtemp(join(tmpdir(), 'bg-consumer-'))
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
  await writeFile(join(dir, 'consumer.js'), program)
  await writeFile(join(dir, 'db.js'), DB)
  await symlink(pathOf('../node_modules'), join(dir, 'node_modules'))
  const child = spawn(process.execPath, ['--conditions=source', 'consumer.js'], {
    cwd: dir,
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    output += piece
  })
  return {
    taken: (userId) =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line): Taken => JSON.parse(line))
        .filter((taken) => taken.userId === userId),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill()
        await ended
      }
      await rm(dir, { recursive: true, force: true })
    },
  }
}
