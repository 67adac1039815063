/** Series by name, values in promtool's notation (`0+1x60`: sixty-one minutes, one more in each). */
type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  /** Labels of the alert beside its severity. */
  readonly labels?: Readonly<Record<string, string>>
  readonly fires: Series
  /** Nearly the same, and nothing to be woken for. */
  readonly quiet: Series
  /** When both are looked at; the samples are a minute apart. */
  readonly at: string
}

const CONNECTED = 'bg_connections{status="connected",instance="w1"}'
const polls = (outcome: string) => `bg_sync_total{trigger="poll",outcome="${outcome}",instance="w1"}`
const readings = (result: string) => `bg_readings_total{type="cgm",result="${result}",instance="w1"}`
const refreshes = (outcome: string) => `bg_token_refresh_total{outcome="${outcome}",instance="w1"}`
const answers = (status: number) =>
  `http_request_duration_seconds_count{method="GET",route="/api/bg/{userId}/latest",status="${status}"}`
const readBucket = (le: string, route = '/api/bg/{userId}/latest') =>
  `http_request_duration_seconds_bucket{method="GET",route="${route}",status="200",le="${le}"}`
const webhooks = (le: string) => `bg_webhook_processing_seconds_bucket{le="${le}"}`
const proofs = (outcome: string) => `bg_webhook_total{outcome="${outcome}"}`
const published = (outcome: string) =>
  `bg_events_published_total{type="io.bg-ingest.user.erased.v1",outcome="${outcome}"}`
const region = (metric: string, instance = 'w1') => `bg_dexcom_${metric}{region="default",instance="${instance}"}`
const BOTH_UP = { 'up{job="bg-ingest-api",instance="a1"}': '1x90', 'up{job="bg-ingest-worker",instance="w1"}': '1x90' }

/** Each alert of docker/prometheus/rules/alerts.yml, once firing and once quiet. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'ScrapeDead',
    labels: { job: 'bg-ingest-worker', instance: 'w1' },
    fires: { ...BOTH_UP, 'up{job="bg-ingest-worker",instance="w1"}': '1x5 0x10' },
    quiet: { ...BOTH_UP, 'up{job="bg-ingest-worker",instance="w1"}': '1x5 0x0 1x10' },
    at: '9m',
  },
  {
    alert: 'NobodyWorks',
    labels: { job: 'bg-ingest-worker' },
    fires: { 'up{job="bg-ingest-api",instance="a1"}': '1x90' },
    quiet: BOTH_UP,
    at: '10m',
  },
  // 100 people, 400 polls an hour: 6.67 a minute.
  {
    alert: 'PollsBehind',
    fires: { [CONNECTED]: '100x120', [polls('completed')]: '0+4x120' },
    quiet: { [CONNECTED]: '100x120', [polls('completed')]: '0+6.6x120' },
    at: '110m',
  },
  // 100 people, 1,200 readings an hour: 20 a minute.
  {
    alert: 'PeopleStale',
    fires: { [CONNECTED]: '100x200', [readings('stored')]: '0+8x200' },
    quiet: { [CONNECTED]: '100x200', [readings('stored')]: '0+16x200' },
    at: '180m',
  },
  {
    alert: 'NeedsReauthRising',
    fires: { [CONNECTED]: '100x200', 'bg_connections{status="needs_reauth",instance="w1"}': '3x70 9x100' },
    quiet: { [CONNECTED]: '100x200', 'bg_connections{status="needs_reauth",instance="w1"}': '3x70 6x100' },
    at: '90m',
  },
  {
    alert: 'CircuitOpen',
    labels: { region: 'default' },
    fires: { [region('circuit_state')]: '0x10 2 2 1 2 2 1 2 2 1 2', [region('circuit_state', 'w2')]: '0x60' },
    quiet: { [region('circuit_state')]: '0x10 2 1 0x20', [region('circuit_state', 'w2')]: '0x60' },
    at: '19m',
  },
  {
    alert: 'DexcomLimitsUs',
    labels: { region: 'default' },
    fires: { [region('paused_seconds')]: '0x5 60x40' },
    quiet: { [region('paused_seconds')]: '0x5 60x3 0x40' },
    at: '20m',
  },
  {
    alert: 'BudgetNearlySpent',
    labels: { region: 'default' },
    fires: { [region('budget_remaining')]: '48000-1000x45 3000x40' },
    quiet: { [region('budget_remaining')]: '48000-1000x30 18000x60' },
    at: '60m',
  },
  {
    alert: 'CallBudgetLocal',
    labels: { region: 'default' },
    fires: { [region('local_share')]: '0x60', [region('local_share', 'w2')]: '1x60' },
    quiet: { [region('local_share')]: '0x60', [region('local_share', 'w2')]: '0x5 1x3 0x60' },
    at: '20m',
  },
  {
    alert: 'ApplicationRefused',
    labels: { region: 'default' },
    fires: { [region('token_stopped')]: '0x5 1x20' },
    quiet: { [region('token_stopped')]: '0x30' },
    at: '10m',
  },
  {
    alert: 'TokenRefreshFailures',
    fires: { [refreshes('refreshed')]: '0+4x90', [refreshes('rejected')]: '0+1x90' },
    quiet: { [refreshes('refreshed')]: '0+40x90', [refreshes('rejected')]: '0+1x90' },
    at: '60m',
  },
  {
    alert: 'SyncsFailing',
    fires: { [polls('completed')]: '0+9x90', [polls('failed')]: '0+1x90' },
    // Attempts that are retried have not given up.
    quiet: { [polls('completed')]: '0+9x90', [polls('retried')]: '0+5x90', [polls('failed')]: '0x90' },
    at: '60m',
  },
  {
    alert: 'OldestJob',
    labels: { queue: 'bg-sync' },
    fires: { 'bg_queue_oldest_seconds{queue="bg-sync",instance="w1"}': '0+60x30' },
    quiet: {
      'bg_queue_oldest_seconds{queue="bg-sync",instance="w1"}': '20x30',
      'bg_queue_oldest_seconds{queue="bg-history",instance="w1"}': '0+60x30',
    },
    at: '25m',
  },
  {
    alert: 'QueuesUnknown',
    fires: BOTH_UP,
    quiet: { 'bg_queue_jobs{queue="bg-sync",state="waiting",instance="w1"}': '0x30' },
    at: '10m',
  },
  {
    alert: 'JobsParked',
    labels: { queue: 'bg-sync' },
    fires: { 'bg_jobs_parked{queue="bg-sync",instance="w1"}': '2x40' },
    quiet: { 'bg_jobs_parked{queue="bg-sync",instance="w1"}': '2x5 0x40' },
    at: '30m',
  },
  {
    alert: 'PeopleParked',
    labels: { status: 'parked' },
    fires: { 'bg_connections{status="parked",instance="w1"}': '1x40' },
    quiet: { 'bg_connections{status="parked",instance="w1"}': '0x40' },
    at: '30m',
  },
  {
    alert: 'OutboxGrowing',
    fires: { 'bg_outbox_pending{instance="w1"}': '0+100x60' },
    // Much, and becoming less: the broker is back.
    quiet: { 'bg_outbox_pending{instance="w1"}': '9000-50x60' },
    at: '45m',
  },
  {
    alert: 'EventsReturned',
    labels: { type: 'io.bg-ingest.user.erased.v1' },
    fires: { [published('returned')]: '0+1x60' },
    quiet: { [published('returned')]: '7x60', [published('confirmed')]: '0+5x60' },
    at: '40m',
  },
  {
    alert: 'ServerErrors',
    fires: { [answers(200)]: '0+90x40', [answers(503)]: '0+10x40' },
    quiet: { [answers(200)]: '0+90x40', [answers(503)]: '0x40', [answers(404)]: '0+50x40' },
    at: '20m',
  },
  {
    alert: 'ReadsSlow',
    fires: { [readBucket('0.1')]: '0+90x40', [readBucket('0.5')]: '0+100x40', [readBucket('+Inf')]: '0+100x40' },
    quiet: {
      [readBucket('0.1')]: '0+100x40',
      [readBucket('0.5')]: '0+100x40',
      [readBucket('+Inf')]: '0+100x40',
      // Somebody waits for their sync, which is no read.
      [readBucket('0.1', '/api/bg/{userId}/sync/{jobId}')]: '0x40',
      [readBucket('+Inf', '/api/bg/{userId}/sync/{jobId}')]: '0+50x40',
    },
    at: '25m',
  },
  {
    alert: 'WebhooksSlow',
    fires: { [webhooks('5')]: '0+8x40', [webhooks('10')]: '0+10x40', [webhooks('+Inf')]: '0+10x40' },
    quiet: { [webhooks('5')]: '0+10x40', [webhooks('10')]: '0+10x40', [webhooks('+Inf')]: '0+10x40' },
    at: '25m',
  },
  {
    alert: 'WebhooksRefused',
    fires: { [proofs('accepted')]: '0+6x40', [proofs('unauthorized')]: '0+4x40' },
    quiet: { [proofs('accepted')]: '0+9x40', [proofs('duplicate')]: '0+9x40', [proofs('unauthorized')]: '0+1x40' },
    at: '30m',
  },
  {
    alert: 'WebhookIdsReused',
    fires: { 'bg_webhook_conflicts_total{differs="body"}': '0x5 1x40' },
    quiet: { 'bg_webhook_conflicts_total{differs="body"}': '3x40' },
    at: '30m',
  },
  {
    alert: 'CallersRefused',
    fires: { [answers(200)]: '0+60x40', [answers(401)]: '0+40x40' },
    quiet: { [answers(200)]: '0+990x40', [answers(401)]: '0+5x40', [answers(403)]: '0+5x40' },
    at: '30m',
  },
  {
    alert: 'RecordsRejected',
    fires: { [readings('unchanged')]: '0+90x120', [readings('rejected')]: '0+10x120' },
    quiet: { [readings('unchanged')]: '0+990x120', [readings('rejected')]: '0+5x120' },
    at: '110m',
  },
  {
    alert: 'DoctorFindings',
    labels: { finding: 'log_hole' },
    fires: { 'bg_doctor_findings_total{finding="log_hole",instance="w1"}': '0x30 1x60' },
    quiet: { 'bg_doctor_findings_total{finding="log_hole",instance="w1"}': '1x90' },
    at: '50m',
  },
]
