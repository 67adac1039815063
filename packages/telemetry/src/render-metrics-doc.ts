import type { MetricRow } from './metric-table.ts'
import { METRIC_TABLE } from './metric-table.ts'

const HEAD = `# Metrics
Written by \`pnpm --filter @bg-ingest/telemetry generate\` from packages/telemetry/src/metric-table.ts; do not edit.

Both processes answer \`GET /metrics\` on their port (\`PORT\`, \`WORKER_PORT\`) in Prometheus' text format. Names, types and labels are
stable. Every label takes one of a few words: no id of a person, a job or a URL is among them, so a thousand people make
no more series than one. Counters whose labels are known start at 0. How to read them, and what to be woken by:
[operations/monitoring.md](operations/monitoring.md).

| metric | type | labels | counted by | meaning |
|---|---|---|---|---|
`
const TAIL = `
Gauges of queues and of the outbox are told alike by every worker, and \`bg_connections\` by the one that keeps the schedules: take \`max\`, not \`sum\`.
Those of a breaker and of a stop are each worker's own. While Redis is away the gauges of the queues are left out, which says
"unknown" and not "empty".

Beside these, Node's own metrics of prom-client: \`process_*\` (processor time, memory, descriptors) and \`nodejs_*\` (event loop,
heap, garbage collection). \`nodejs_active_{resources,handles,requests}_total\` are left out, being gauges named as counters;
sum their parts, which are there under the name without \`_total\`.
`

/** docs/metrics.md; `exposition` is what /metrics says of a fresh process, and tells what each family means. */
export function renderMetricsDoc(exposition: string): string {
  return HEAD + METRIC_TABLE.map((row) => `${rowOf(row, exposition)}\n`).join('') + TAIL
}

function rowOf({ name, type, labels, from }: MetricRow, exposition: string): string {
  const help = new RegExp(`^# HELP ${name} (.+)$`, 'm').exec(exposition)?.[1]
  if (help === undefined) throw new Error(`${name} is in the table and not in /metrics`)
  const cells = Object.entries(labels).map(([label, words]) => `\`${label}\`: ${words}`)
  return `| \`${name}\` | ${type} | ${cells.join('<br>') || '-'} | ${from} | ${help} |`
}
