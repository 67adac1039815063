import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A function as a profile saw it. */
export interface Frame {
  readonly name: string
  /** Share of the time in which the process was not idle, spent in the function itself. */
  readonly self: number
}

/** A sample each 200 us: a second of load is 5,000 of them. */
const INTERVAL_US = 200
/** Nobody's work, or the profiler's own. */
const NO_WORK = ['(idle)', '(root)']

/** Begins to sample this process; what it answers ends that, and tells the costliest functions first. */
export async function startCpuProfile(): Promise<() => Promise<readonly Frame[]>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return framesOf(profile)
  }
}

function framesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Frame[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const spent = new Map<string, number>()
  samples.forEach((id, i) => {
    const name = names.get(id) ?? ''
    if (!NO_WORK.includes(name)) spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[i] ?? 0))
  })
  const whole = [...spent.values()].reduce((sum, time) => sum + time, 0)
  return [...spent].map(([name, time]) => ({ name, self: time / whole })).sort((a, b) => b.self - a.self)
}

function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const name = functionName || 'anonymous'
  if (url === '') return name
  const file = url.startsWith('file:') ? basename(fileURLToPath(url)) : url
  return `${name} ${file}:${lineNumber + 1}`
}
