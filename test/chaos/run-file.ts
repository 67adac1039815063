import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import type { LeakResults } from './leaks.ts'
import type { Results } from './play.ts'
import type { MutantResult } from './play-mutants.ts'

/** What a run leaves behind, from which docs/reliability.md is made. No name of a machine. */
export interface RunFile {
  readonly seed: number
  readonly commit: string
  readonly startedAt: string
  readonly durationMs: number
  readonly machine: string
  /** Null where no faults were played. */
  readonly results: Results | null
  readonly mutants: readonly MutantResult[]
  readonly leaks: LeakResults | null
}

export type Outcome = Pick<RunFile, 'results' | 'mutants' | 'leaks'>

const ROOT = join(import.meta.dirname, '../..')
const BYTES_PER_GIB = 1_073_741_824

const machine = () =>
  `${cpus().length} cores, ${Math.round(totalmem() / BYTES_PER_GIB)} GiB, Node ${process.versions.node}`

const git = (...args: readonly string[]) => execFileSync('git', [...args], { cwd: ROOT, encoding: 'utf8' }).trim()

/** Of the tree that is about to run: a commit, or one that was changed since. */
const commit = () =>
  `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno') ? ' and changes' : ''}`

/** Begins a run; answers what to call with its outcome. */
export function beginRun(seed: number): (outcome: Outcome) => RunFile {
  const startedAt = new Date()
  // Before it: somebody may go on working meanwhile.
  const setting = { seed, commit: commit(), startedAt: startedAt.toISOString(), machine: machine() }
  return (outcome) => ({ ...setting, durationMs: Date.now() - startedAt.getTime(), ...outcome })
}

export async function writeRun(path: string, run: RunFile): Promise<void> {
  const file = join(ROOT, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(run, null, 2)}\n`)
}

export const readRuns = (paths: readonly string[]): Promise<RunFile[]> =>
  Promise.all(paths.map(async (path) => JSON.parse(await readFile(join(ROOT, path), 'utf8')) as RunFile))

export const writePage = (text: string): Promise<void> => writeFile(join(ROOT, 'docs/reliability.md'), text)
