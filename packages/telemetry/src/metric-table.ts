/** One family of metrics, as dashboards and alerts rely on it. */
export interface MetricRow {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Each label with the words that it takes: closed sets, so that a thousand people make no more series than one. */
  readonly labels: Readonly<Record<string, string>>
  /** Which process counts here; the other one has the family without series. */
  readonly from: 'API' | 'worker' | 'both'
}

const TRIGGER = 'manual, webhook, poll, history'
const OUTCOME = 'completed, retried, failed, needs_reauth'
const QUEUE = 'bg-sync, bg-history, bg-connection, bg-maintenance, bg-tick'
const REGION = '`default` and those of `DEXCOM_<REGION>_CLIENT_ID`'
const ENDPOINT = 'egvs, calibrations, events, dataRange, devices, alerts, token'

/** Every family beside Node's own. docs/metrics.md is written from it, and tests hold both processes against it. */
export const METRIC_TABLE: readonly MetricRow[] = [
  {
    name: 'http_request_duration_seconds',
    type: 'histogram',
    labels: {
      method: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, other',
      route: 'the pattern, such as `/api/bg/{userId}/latest`; `unmatched`',
      status: 'HTTP status',
    },
    from: 'API',
  },
  {
    name: 'bg_sync_duration_seconds',
    type: 'histogram',
    labels: { trigger: TRIGGER, outcome: OUTCOME },
    from: 'worker',
  },
  { name: 'bg_sync_total', type: 'counter', labels: { trigger: TRIGGER, outcome: OUTCOME }, from: 'worker' },
  {
    name: 'bg_readings_total',
    type: 'counter',
    labels: { type: 'cgm, calibration, manual', result: 'stored, updated, unchanged, rejected' },
    from: 'worker',
  },
  { name: 'bg_readings_vanished_total', type: 'counter', labels: { type: 'cgm, calibration' }, from: 'worker' },
  { name: 'bg_reading_lag_seconds', type: 'histogram', labels: {}, from: 'worker' },
  {
    name: 'bg_token_refresh_total',
    type: 'counter',
    labels: { outcome: 'refreshed, rejected, unavailable, unknown, misconfigured' },
    from: 'worker',
  },
  {
    name: 'bg_webhook_total',
    type: 'counter',
    labels: { outcome: 'accepted, duplicate, unauthorized, forbidden, not_connected, invalid, unavailable' },
    from: 'API',
  },
  { name: 'bg_webhook_conflicts_total', type: 'counter', labels: { differs: 'body, person' }, from: 'API' },
  { name: 'bg_webhook_processing_seconds', type: 'histogram', labels: {}, from: 'worker' },
  {
    name: 'bg_dexcom_request_duration_seconds',
    type: 'histogram',
    labels: {
      endpoint: ENDPOINT,
      status: 'the usual HTTP statuses, 4xx and the like for the rest; timeout, lost and the like where there was none',
    },
    from: 'worker',
  },
  { name: 'bg_dexcom_budget_remaining', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_circuit_state', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_paused_seconds', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_local_share', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_gate_processes', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_token_stopped', type: 'gauge', labels: { region: REGION }, from: 'worker' },
  { name: 'bg_dexcom_redirects_total', type: 'counter', labels: { region: REGION }, from: 'worker' },
  {
    name: 'bg_dexcom_unknown_values_total',
    type: 'counter',
    labels: { field: 'the fields of a record that Dexcom has a list for' },
    from: 'worker',
  },
  {
    name: 'bg_connection_problems_total',
    type: 'counter',
    labels: { code: 'the codes of `problem` in the connection' },
    from: 'worker',
  },
  {
    name: 'bg_events_published_total',
    type: 'counter',
    labels: { type: 'the types of docs/events.md', outcome: 'confirmed, returned, nacked, timeout, unavailable' },
    from: 'worker',
  },
  { name: 'bg_outbox_pending', type: 'gauge', labels: {}, from: 'worker' },
  {
    name: 'bg_queue_jobs',
    type: 'gauge',
    labels: { queue: QUEUE, state: 'waiting, prioritized, active, delayed, completed, failed' },
    from: 'worker',
  },
  { name: 'bg_queue_oldest_seconds', type: 'gauge', labels: { queue: QUEUE }, from: 'worker' },
  { name: 'bg_jobs_parked', type: 'gauge', labels: { queue: QUEUE }, from: 'worker' },
  {
    name: 'bg_connections',
    type: 'gauge',
    labels: { status: 'connected, parked, needs_reauth, disconnected' },
    from: 'worker',
  },
  {
    name: 'bg_doctor_findings_total',
    type: 'counter',
    labels: { finding: 'the findings of docs/operations/doctor.md' },
    from: 'worker',
  },
  {
    name: 'bg_dynamodb_consumed_units_total',
    type: 'counter',
    labels: { operation: "DynamoDB's own name: Query, UpdateItem", kind: 'read, write' },
    from: 'both',
  },
  { name: 'bg_service_info', type: 'gauge', labels: { service: 'api, worker', node: "Node's version" }, from: 'both' },
]
