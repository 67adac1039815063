import { Gauge, type Registry } from 'prom-client'

/** One queue at one moment. */
export interface QueueState {
  readonly queue: string
  /** Jobs by state: waiting, active, delayed, failed … */
  readonly jobs: Readonly<Record<string, number>>
  /** Age of the job that waits longest; 0 where none waits. */
  readonly oldestSeconds: number
}

export function queueMetrics(registry: Registry) {
  const registers = [registry]
  const jobs = new Gauge({
    name: 'bg_queue_jobs',
    help: 'Jobs in a queue, by state',
    labelNames: ['queue', 'state'],
    registers,
  })
  const oldest = new Gauge({
    name: 'bg_queue_oldest_seconds',
    help: 'How long the oldest waiting job has waited',
    labelNames: ['queue'],
    registers,
  })
  return {
    /** Replaces what is known about all queues; with an empty list the series vanish, which says "unknown" and not "empty". */
    queuesSeen(states: readonly QueueState[]): void {
      jobs.reset()
      oldest.reset()
      for (const { queue, jobs: counts, oldestSeconds } of states) {
        for (const [state, count] of Object.entries(counts)) jobs.set({ queue, state }, count)
        oldest.set({ queue }, oldestSeconds)
      }
    },
  }
}
