import { setTimeout as delay } from 'node:timers/promises'
import type { Job } from 'bullmq'
import type { JobData, JobKey } from './jobs.ts'
import type { JobContext } from './process-job.ts'

/** `died`: the process ended under the job, while the one that had started it lived on. */
export type EndedAlone = { readonly died: false; readonly result: unknown } | { readonly died: true }

/** Runs a job in a process where nothing else runs. Rejects with what its handler threw, or where no process was to be had. */
export type RunAlone = <K extends JobKey>(key: K, data: JobData<K>, context: JobContext) => Promise<EndedAlone>

/** A job that ended the process which it had for itself: nothing else can have been why. */
export class DiedAlone extends Error {}

/** How many suspects run now: beside others in this process, and in processes of their own. */
export interface Suspects {
  beside: number
  alone: number
}

/** So many deaths of a worker under a job may be those of others; from then on it runs alone. */
const DEATHS_BESIDE_OTHERS = 2
/** They cannot harm each other, but a process each costs what a worker costs. */
const MOST_ALONE = 2
const PAUSE_MS = 200
const CONDEMNED = 'ended the process that it had for itself'

export const isSuspect = (job: Job): boolean => job.stalledCounter > 0

export const runsAlone = (job: Job): boolean => job.stalledCounter >= DEATHS_BESIDE_OTHERS

/** Kept with the job: who parks the person may have to wait for a lease, and the job must not start meanwhile. */
export const condemn = (job: Job): Promise<void> => job.updateProgress(CONDEMNED)

export const isCondemned = (job: Job): boolean => job.progress === CONDEMNED

/** Whether another one may run; it looks again otherwise. */
export const hasRoom = (suspects: Suspects, job: Job): boolean =>
  runsAlone(job) ? suspects.alone < MOST_ALONE : suspects.beside === 0

/**
 * Whoever was running when their process died is a suspect: one of them may be why. Suspects run one at a time in a
 * process, the others wait outside, so that the poisonous one does not take the innocent with it again and again.
 */
export async function asSuspect<T>(suspects: Suspects, job: Job, run: () => Promise<T>): Promise<T> {
  const where = runsAlone(job) ? 'alone' : 'beside'
  suspects[where] += 1
  try {
    // Until then the others are outside: what has just been taken in would die with this one.
    if (where === 'beside') await delay(PAUSE_MS)
    return await run()
  } finally {
    suspects[where] -= 1
  }
}

export async function resultAlone(ended: Promise<EndedAlone>): Promise<unknown> {
  const end = await ended
  if (end.died) throw new DiedAlone()
  return end.result
}
