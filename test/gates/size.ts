/** `node test/gates/size.ts`: prints how long the source files are and fails if one is longer than MAX_LINES. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sourceFiles } from './source-files.ts'

/** A file beyond this has more than one subject. The aim is a median near 60 and a 90th percentile below 200. */
const MAX_LINES = 400

const root = join(import.meta.dirname, '../..')
const files = sourceFiles(root)
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
  .sort((a, b) => a.lines - b.lines)

const at = (share: number) => files[Math.min(files.length - 1, Math.floor(share * files.length))]?.lines ?? 0
const longest = files.at(-1)
console.log(
  `${files.length} files, lines: median ${at(0.5)}, p90 ${at(0.9)}, longest ${longest?.lines} (${longest?.path})`,
)

const tooLong = files.filter((file) => file.lines > MAX_LINES)
for (const file of tooLong) console.error(`${file.path}: ${file.lines} lines, at most ${MAX_LINES} are allowed`)
if (tooLong.length > 0 || files.length === 0) process.exitCode = 1
