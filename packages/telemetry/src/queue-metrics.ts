import { Gauge, type Registry } from 'prom-client'

/** One queue at one moment. */
export interface QueueState {
  readonly queue: string
  /** Jobs by state: waiting, active, delayed, failed … */
  readonly jobs: Readonly<Record<string, number>>
  /** Age of the job that waits longest; 0 where none waits. */
  readonly oldestSeconds: number
  /** Jobs of another version that were kept aside. */
  readonly parked?: number
}

/** People by status; null where this process does not know, which is everywhere but at the fleet's leader. */
export type ConnectionCounts = Readonly<Record<string, number>> | null

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
  const parked = new Gauge({
    name: 'bg_jobs_parked',
    help: 'Jobs of another version of this service, kept aside until one that knows them runs',
    labelNames: ['queue'],
    registers,
  })
  const connections = new Gauge({
    name: 'bg_connections',
    help: 'People by the status of their connection, told by the worker that keeps the schedules',
    labelNames: ['status'],
    registers,
  })
  return {
    connectionsCounted(counts: ConnectionCounts): void {
      connections.reset()
      for (const [status, count] of Object.entries(counts ?? {})) connections.set({ status }, count)
    },
    /** Replaces what is known about all queues; with an empty list the series vanish, which says "unknown" and not "empty". */
    queuesSeen(states: readonly QueueState[]): void {
      jobs.reset()
      oldest.reset()
      parked.reset()
      for (const { queue, jobs: counts, oldestSeconds, parked: aside } of states) {
        if (aside !== undefined) parked.set({ queue }, aside)
        for (const [state, count] of Object.entries(counts)) jobs.set({ queue, state }, count)
        oldest.set({ queue }, oldestSeconds)
      }
    },
  }
}
