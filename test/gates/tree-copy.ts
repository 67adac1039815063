import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

const root = join(import.meta.dirname, '../..')
const OWN_FOLDERS = ['apps', 'packages', 'test']
const NOT_COPIED = new Set(['dist', '.turbo', 'fixtures'])

interface ToolRun {
  readonly exitCode: number | null
  readonly output: string
}

/** A copy of the repository in a temporary folder, where violations are planted. The real tree is only read. */
export interface TreeCopy {
  readonly path: string
  /** Text of a file of the copy. */
  readonly read: (path: string) => string
  /** Writes these files; the function it returns puts everything back as it was. */
  readonly plant: (files: Readonly<Record<string, string>>) => () => void
  /** Runs one of the repository's tools in the copy. */
  readonly run: (command: readonly string[]) => Promise<ToolRun>
  readonly remove: () => void
}

export function copyTree(): TreeCopy {
  const path = mkdtempSync(join(tmpdir(), 'bg-gates-'))
  copyFiles(path)
  linkDependencies(path)
  return {
    path,
    read: (file) => readFileSync(join(path, file), 'utf8'),
    plant: (files) => plant(path, files),
    run: (command) => run(path, command),
    remove: () => rmSync(path, { recursive: true }),
  }
}

function copyFiles(target: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile()) cpSync(join(root, entry.name), join(target, entry.name))
  }
  const wanted = (source: string) => {
    const name = relative(dirname(source), source)
    return !NOT_COPIED.has(name) && !name.endsWith('.tsbuildinfo')
  }
  // pnpm's links between packages are relative: copied as they are, they lead to the packages of the copy.
  for (const folder of OWN_FOLDERS) {
    cpSync(join(root, folder), join(target, folder), { recursive: true, verbatimSymlinks: true, filter: wanted })
  }
}

/** Third-party packages are shared with the real tree: every link in it goes through node_modules/.pnpm. */
function linkDependencies(target: string): void {
  const modules = join(root, 'node_modules')
  mkdirSync(join(target, 'node_modules'))
  for (const entry of readdirSync(modules).filter((name) => !name.startsWith('.') || name === '.pnpm')) {
    symlinkSync(join(modules, entry), join(target, 'node_modules', entry))
  }
}

function plant(target: string, files: Readonly<Record<string, string>>): () => void {
  const undo = Object.entries(files).map(([name, text]) => {
    const file = join(target, name)
    const before = readIfPresent(file)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return () => (before === undefined ? rmSync(file) : writeFileSync(file, before))
  })
  return () => {
    for (const restore of undo) restore()
  }
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function run(cwd: string, [command = '', ...args]: readonly string[]): Promise<ToolRun> {
  const child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, output }))
  })
}
