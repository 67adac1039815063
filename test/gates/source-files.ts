import { globSync } from 'node:fs'

/** Folders of the repository that hold TypeScript written by hand. */
const PATTERNS = ['apps/*/src/**/*.ts', 'packages/*/src/**/*.ts', 'test/**/*.ts']
const NOT_OURS = ['**/node_modules/**', '**/dist/**', '**/generated/**']

/** Every hand-written .ts file, relative to the repository, sorted. */
export function sourceFiles(root: string): readonly string[] {
  return globSync(PATTERNS, { cwd: root, exclude: NOT_OURS }).sort()
}
