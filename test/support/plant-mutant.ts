/**
 * Loaded into a process of the service by `--import`, and told by its environment (test/chaos/mutants.ts) which one piece of
 * which compiled file to load otherwise: a protection that is taken out for this process alone, with no file changed.
 */
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

const STDERR = 2

interface Planted {
  readonly file: string
  readonly line: string
  readonly without: string
}

function plant({ file, line, without }: Planted): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.endsWith(file)) return loaded
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      if (source.split(line).length !== 2) throw new Error(`${file} does not have "${line}" once`)
      writeSync(STDERR, `mutant planted in ${file}\n`)
      return { ...loaded, source: source.replace(line, () => without) }
    },
  })
}

if (process.env.BG_MUTANT) plant(JSON.parse(process.env.BG_MUTANT))
