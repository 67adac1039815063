import type { Dashboard } from './panel.ts'

const slowest = (share: number) =>
  `histogram_quantile(${share}, sum by (le, route) (rate(http_request_duration_seconds_bucket{route=~"/api/.*"}[5m])))`

export const api: Dashboard = {
  name: 'api',
  title: 'BG Ingest: API',
  panels: [
    {
      title: 'Calls a second',
      kind: 'stat',
      unit: 'ops',
      queries: [['sum(bg:http_requests:rate5m)', 'calls']],
    },
    {
      title: 'Ended with 5xx',
      kind: 'stat',
      unit: 'percentunit',
      queries: [['bg:http_errors:ratio5m or on () vector(0)', '5xx']],
    },
    {
      title: 'Reads, 99 in 100',
      about: 'The goal is below 200 ms.',
      kind: 'stat',
      unit: 's',
      queries: [['bg:read_seconds:p99_5m', 'p99']],
    },
    {
      title: 'Webhooks stored, 95 in 100',
      about: 'The goal is below 5 s.',
      kind: 'stat',
      unit: 's',
      queries: [['bg:webhook_seconds:p95_5m', 'p95']],
    },
    {
      title: 'Calls a second, by route',
      unit: 'ops',
      queries: [['sum by (route) (bg:http_requests:rate5m)', '{{route}}']],
    },
    {
      title: 'Calls a second, by status',
      unit: 'ops',
      queries: [['sum by (status) (bg:http_requests:rate5m)', '{{status}}']],
    },
    { title: 'Duration, half of the calls', unit: 's', queries: [[slowest(0.5), '{{route}}']] },
    { title: 'Duration, 99 in 100', unit: 's', queries: [[slowest(0.99), '{{route}}']] },
    {
      title: 'Webhooks a second, by what became of them',
      unit: 'ops',
      queries: [['sum by (outcome) (rate(bg_webhook_total[5m]))', '{{outcome}}']],
    },
    {
      title: 'Webhook ids that came again for another person or with another body',
      unit: 'short',
      queries: [['sum by (differs) (increase(bg_webhook_conflicts_total[1h]))', '{{differs}}']],
    },
    {
      title: 'Event loop, 99 in 100',
      about: 'How late JavaScript comes to its work; above 200 ms calls are shed.',
      unit: 's',
      queries: [['nodejs_eventloop_lag_p99_seconds{job="bg-ingest-api"}', '{{instance}}']],
    },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: [['process_resident_memory_bytes{job="bg-ingest-api"}', '{{instance}}']],
    },
    {
      title: 'Processor time',
      unit: 'percentunit',
      queries: [['rate(process_cpu_seconds_total{job="bg-ingest-api"}[5m])', '{{instance}}']],
    },
  ],
}
