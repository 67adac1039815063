import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { dexcomMetrics } from './dexcom-metrics.ts'
import { doctorMetrics } from './doctor-metrics.ts'
import { eventMetrics } from './event-metrics.ts'
import { httpMetrics } from './http-metrics.ts'
import { type QueueState, queueMetrics } from './queue-metrics.ts'
import { storeMetrics } from './store-metrics.ts'
import { syncMetrics } from './sync-metrics.ts'
import { webhookMetrics } from './webhook-metrics.ts'

export interface MetricsOptions {
  /** Which process this is: api, worker. */
  readonly service: string
  /** Whether Node's own metrics (memory, event loop, garbage collection) are among them. */
  readonly defaultMetrics: boolean
  /** How long a scrape waits for the queues; 2 s where unset, a fifth of Prometheus's own patience. */
  readonly collectTimeoutMs?: number
}

export type Metrics = ReturnType<typeof createMetrics>

const COLLECT_TIMEOUT_MS = 2000

/** Every metric of the contract that this build has, in a registry of its own; one method for each thing that happens. */
export function createMetrics(options: MetricsOptions) {
  const { service, defaultMetrics, collectTimeoutMs = COLLECT_TIMEOUT_MS } = options
  const registry = new Registry()
  const { queuesSeen, connectionsCounted } = queueMetrics(registry)
  let readQueues: () => Promise<readonly QueueState[]> = async () => []
  // A series of its own and no label on all: dashboards match the contract's labels exactly.
  const info = new Gauge({
    name: 'bg_service_info',
    help: 'Which process answers, and on which Node',
    labelNames: ['service', 'node'],
    registers: [registry],
  })
  info.set({ service, node: process.versions.node }, 1)
  if (defaultMetrics) collectNodeMetrics(registry)
  return {
    ...httpMetrics(registry),
    ...syncMetrics(registry),
    ...dexcomMetrics(registry),
    ...eventMetrics(registry),
    ...storeMetrics(registry),
    ...webhookMetrics(registry),
    ...doctorMetrics(registry),
    connectionsCounted,
    /** Says where the state of the queues is asked, at every scrape. */
    collect(read: () => Promise<readonly QueueState[]>): void {
      readQueues = read
    },
    /** The answer of /metrics. Never fails and never hangs because Redis does: the queues are then left out. */
    async text(): Promise<{ readonly contentType: string; readonly body: string }> {
      queuesSeen(await within(collectTimeoutMs, readQueues).catch(() => []))
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}

/** Node's own metrics but for three gauges named as counters, which promtool refuses; their parts by `type` stay. */
function collectNodeMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  for (const kind of ['resources', 'handles', 'requests']) registry.removeSingleMetric(`nodejs_active_${kind}_total`)
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
