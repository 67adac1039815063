import type { Dashboard } from './panel.ts'

export const fleet: Dashboard = {
  name: 'fleet',
  title: 'BG Ingest: fleet',
  panels: [
    {
      title: 'People connected',
      kind: 'stat',
      unit: 'none',
      queries: [['bg:connections{status="connected"}', 'connected']],
    },
    {
      title: 'Have to connect again',
      kind: 'stat',
      unit: 'none',
      queries: [['bg:connections{status="needs_reauth"}', 'needs_reauth']],
    },
    {
      title: 'Polls of the last hour that ended well',
      about: 'Against one poll every 15 minutes for each connected person.',
      kind: 'stat',
      unit: 'percentunit',
      queries: [['bg:polls:ratio1h', 'polls']],
    },
    {
      title: 'Processes that answer',
      kind: 'stat',
      unit: 'none',
      queries: [['sum by (job) (up{job=~"bg-ingest-.*"})', '{{job}}']],
    },
    {
      title: 'Syncs a second, by outcome',
      unit: 'ops',
      queries: [['sum by (trigger, outcome) (bg:syncs:rate5m)', '{{trigger}} {{outcome}}']],
    },
    {
      title: 'Duration of a sync, 95 in 100',
      unit: 's',
      queries: [
        ['histogram_quantile(0.95, sum by (le, trigger) (rate(bg_sync_duration_seconds_bucket[5m])))', '{{trigger}}'],
      ],
    },
    {
      title: 'Jobs that could start now',
      unit: 'none',
      queries: [['sum by (queue) (bg:queue_jobs{state=~"waiting|prioritized"})', '{{queue}}']],
    },
    {
      title: 'The oldest of them has waited',
      unit: 's',
      queries: [['bg:queue_oldest_seconds', '{{queue}}']],
    },
    {
      title: 'Changes that wait for the broker',
      unit: 'none',
      queries: [['bg:outbox_pending', 'pending']],
    },
    {
      title: 'Events a second, by what became of them',
      unit: 'ops',
      queries: [['sum by (outcome) (rate(bg_events_published_total[5m]))', '{{outcome}}']],
    },
    {
      title: 'Jobs kept aside, and people parked',
      unit: 'none',
      queries: [
        ['sum(max by (queue) (bg_jobs_parked))', 'jobs'],
        ['bg:connections{status="parked"}', 'people'],
      ],
    },
    {
      title: 'DynamoDB units a second',
      about: 'What the bill counts.',
      unit: 'none',
      queries: [['sum by (operation, kind) (rate(bg_dynamodb_consumed_units_total[5m]))', '{{operation}} {{kind}}']],
    },
    {
      title: 'Memory of the workers',
      unit: 'bytes',
      queries: [['process_resident_memory_bytes{job="bg-ingest-worker"}', '{{instance}}']],
    },
    {
      title: 'Processor time of the workers',
      unit: 'percentunit',
      queries: [['rate(process_cpu_seconds_total{job="bg-ingest-worker"}[5m])', '{{instance}}']],
    },
  ],
}
