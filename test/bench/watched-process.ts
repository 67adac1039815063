/** Preloaded into a process under test: tells its CPU, memory and event-loop delay, and profiles it, when asked by message. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Frame, startCpuProfile } from './cpu-profile.ts'

/** What the process has used since it began, but for the delay: since it was asked last. */
export interface Look {
  readonly cpuUs: number
  readonly rssBytes: number
  /** 99 in 100 turns of the event loop began no later than this behind their time. */
  readonly delayP99Ms: number
}

export type Question = 'look' | 'profile' | 'frames'

const GRAIN_MS = 1
const NS_PER_MS = 1e6
const delay = monitorEventLoopDelay({ resolution: GRAIN_MS })
delay.enable()
let stopProfile: (() => Promise<readonly Frame[]>) | null = null

async function answer(question: Question): Promise<unknown> {
  if (question === 'profile') stopProfile = await startCpuProfile()
  if (question === 'frames') return (await stopProfile?.()) ?? []
  const { user, system } = process.cpuUsage()
  const delayP99Ms = Math.max(0, delay.percentile(99) / NS_PER_MS - GRAIN_MS)
  delay.reset()
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss(), delayP99Ms } satisfies Look
}

process.on('message', (question: Question) => void answer(question).then((told) => process.send?.(told)))
// Who asks does not keep the process alive.
process.channel?.unref()
