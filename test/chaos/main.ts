/** `pnpm chaos`: see --help. */
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalStack } from '@bg-ingest/local-stack'
import { seededRandom } from '../bench/seeded-random.ts'
import { type ChaosArguments, HELP, readArguments, UsageError } from './arguments.ts'
import { FAULTS, scenesOf } from './catalogue.ts'
import { playAll } from './play.ts'
import { reliabilityPage, summary, writeJson } from './report.ts'
import { openChaosStage } from './stage.ts'

const ROOT = join(import.meta.dirname, '../..')
const MINUTE_MS = 60_000
const say = (line: string) => console.log(line)

async function run({ short, only, seed, soakMinutes, json, report }: ChaosArguments): Promise<number> {
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const chosen = FAULTS.filter(({ id, short: isShort }) => (only.length > 0 ? only.includes(id) : !short || isShort))
  say(`seed ${seed}: ${chosen.length} faults`)
  const stack = await startLocalStack({ env: process.env, say, signal: stopping.signal, requireReal: true })
  Object.assign(process.env, stack.env)
  const startedAt = new Date()
  try {
    const stage = await openChaosStage(seededRandom(seed))
    try {
      const results = await playAll(stage, {
        scenes: scenesOf(chosen),
        soakMs: soakMinutes * MINUTE_MS,
        settleGrants: !short,
        say,
      })
      const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
      const durationMs = Date.now() - startedAt.getTime()
      const setting = { seed, commit, startedAt: startedAt.toISOString(), durationMs }
      await writeJson(join(ROOT, json), setting, results)
      if (report) await writeFile(join(ROOT, 'docs/reliability.md'), reliabilityPage(setting, results))
      say(summary(setting, results))
      return results.broken === null ? 0 : 1
    } finally {
      await stage.close()
    }
  } finally {
    await stack.stop()
  }
}

try {
  const args = readArguments(process.argv.slice(2), new Set(FAULTS.map(({ id }) => id)), Math.random)
  if (args.help) say(HELP)
  else if (args.list) for (const { id, phase, about } of FAULTS) say(`${id.padEnd(6)} ${phase.padEnd(9)} ${about}`)
  else process.exitCode = await run(args)
} catch (err) {
  console.error(err instanceof UsageError ? err.message : err)
  process.exitCode = err instanceof UsageError ? 2 : 1
}
