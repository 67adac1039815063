import { readdir, readFile } from 'node:fs/promises'
import { AppError } from '@bg-ingest/domain'
import * as z from 'zod'
import { peopleOf, type Scenario, ScenarioFile, StartsAt } from './scenario-file.ts'
import { durationMs, resolveMoments } from './scenario-time.ts'

/** Beside `src` as well as beside `dist`. */
const FOLDER = new URL('../../scenarios/', import.meta.url)

interface LoadOptions {
  /** Where the virtual clock starts, epoch milliseconds, in place of the file's own `startsAt`. */
  readonly startMs?: number
}

/** The names of all scenarios, by their numbers. */
export async function listScenarios(): Promise<Pick<Scenario, 'number' | 'name' | 'rehearses'>[]> {
  const names = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5))
  const scenarios = await Promise.all(names.map((name) => loadScenario(name)))
  return scenarios
    .map(({ number, name, rehearses }) => ({ number, name, rehearses }))
    .toSorted((a, b) => a.number - b.number)
}

/** Reads a scenario by its name. Throws invalid_request where there is none, or with what is wrong in its file. */
export async function loadScenario(name: string, options: LoadOptions = {}): Promise<Scenario> {
  if (!/^[a-z][a-z0-9-]+$/.test(name)) throw unknown(name)
  const text = await readFile(new URL(`${name}.json`, FOLDER), 'utf8').catch(() => {
    throw unknown(name)
  })
  return readScenario(name, text, options)
}

const unknown = (name: string) =>
  new AppError('invalid_request', `There is no scenario ${JSON.stringify(name)}; see --list`)

/** Reads the text of a scenario file. Throws invalid_request with what is wrong and where. */
export function readScenario(name: string, text: string, { startMs: given }: LoadOptions = {}): Scenario {
  const json: unknown = JSON.parse(text)
  const startMs = given ?? startOf(json)
  const parsed = ScenarioFile.safeParse(resolveMoments(json, startMs))
  if (!parsed.success) throw invalid(name, z.prettifyError(parsed.error))
  const { startsAt: _, users, steps, ...file } = parsed.data
  if (file.name !== name) throw invalid(name, `it calls itself ${file.name}`)
  const sorted = steps.toSorted((a, b) => a.after - b.after)
  return { ...file, startMs, users: users.flatMap(peopleOf), steps: sorted }
}

const invalid = (name: string, reason: string) => new AppError('invalid_request', `Scenario ${name}: ${reason}`)

const Start = z.object({ startsAt: StartsAt })

/** On a whole second: every moment of a scenario is then one as well. A bad start is told with the rest of the file. */
function startOf(json: unknown): number {
  const startsAt = Start.safeParse(json).data?.startsAt ?? 'now'
  if (!startsAt.startsWith('now')) return Date.parse(startsAt)
  const before = durationMs(startsAt.slice('now-'.length)) ?? 0
  return Math.floor((Date.now() - before) / 1000) * 1000
}
