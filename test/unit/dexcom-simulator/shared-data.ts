import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Real recordings beside the project (never part of it): null, and a line that says so, where they are absent. */
export function sharedData(file: string): string | null {
  const place = path.resolve(import.meta.dirname, '../../../../shared/data', file)
  if (existsSync(place)) return readFileSync(place, 'utf8')
  console.log(`      (absent, so not replayed: ../shared/data/${file})`)
  return null
}
