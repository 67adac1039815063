import type { Dashboard } from './panel.ts'

export const dexcom: Dashboard = {
  name: 'dexcom',
  title: 'BG Ingest: Dexcom',
  panels: [
    {
      title: 'Circuit breaker',
      about: '0 closed, 1 half open, 2 open; the worst of the workers.',
      kind: 'stat',
      unit: 'none',
      queries: [['max by (region) (bg_dexcom_circuit_state)', '{{region}}']],
    },
    {
      title: 'Calls left in this hour',
      kind: 'stat',
      unit: 'none',
      queries: [['bg:dexcom_budget_remaining', '{{region}}']],
    },
    {
      title: 'Pause that Dexcom asked for',
      kind: 'stat',
      unit: 's',
      queries: [['max by (region) (bg_dexcom_paused_seconds)', '{{region}}']],
    },
    {
      title: 'Client id or secret refused',
      kind: 'stat',
      unit: 'none',
      queries: [['max by (region) (bg_dexcom_token_stopped)', '{{region}}']],
    },
    {
      title: 'Calls a second, by status',
      unit: 'ops',
      queries: [['sum by (status) (bg:dexcom_requests:rate5m)', '{{status}}']],
    },
    {
      title: 'Calls a second, by endpoint',
      unit: 'ops',
      queries: [['sum by (endpoint) (bg:dexcom_requests:rate5m)', '{{endpoint}}']],
    },
    {
      title: 'Duration of a call, 95 in 100',
      unit: 's',
      queries: [['bg:dexcom_request_seconds:p95_5m', '{{endpoint}}']],
    },
    {
      title: 'Calls left in the hour',
      unit: 'none',
      queries: [['bg:dexcom_budget_remaining', '{{region}}']],
    },
    {
      title: 'Refreshes of tokens in the last hour',
      unit: 'none',
      queries: [['sum by (outcome) (increase(bg_token_refresh_total[1h]))', '{{outcome}}']],
    },
    {
      title: 'Who shares the budget',
      about: 'Workers as last counted, and those that keep to a share of their own because Redis is away.',
      unit: 'none',
      queries: [
        ['max by (region) (bg_dexcom_gate_processes)', 'workers, {{region}}'],
        ['sum by (region) (bg_dexcom_local_share)', 'on their own, {{region}}'],
      ],
    },
    {
      title: 'Redirects in the last hour, none followed',
      unit: 'none',
      queries: [['sum by (region) (increase(bg_dexcom_redirects_total[1h]))', '{{region}}']],
    },
  ],
}
