import { createMetrics, METRIC_TABLE } from '@bg-ingest/telemetry'
import { expect } from 'chai'

const made = (options: Partial<Parameters<typeof createMetrics>[0]> = {}) =>
  createMetrics({ service: 'worker', defaultMetrics: false, ...options })

/** What the contract names: dashboards that we do not know are built on these types and labels. */
const FAMILIES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  http_request_duration_seconds: ['histogram', 'method', 'route', 'status'],
  bg_sync_duration_seconds: ['histogram', 'trigger', 'outcome'],
  bg_sync_total: ['counter', 'trigger', 'outcome'],
  bg_readings_total: ['counter', 'type', 'result'],
  bg_reading_lag_seconds: ['histogram'],
  bg_token_refresh_total: ['counter', 'outcome'],
  bg_webhook_total: ['counter', 'outcome'],
  bg_webhook_conflicts_total: ['counter', 'differs'],
  bg_webhook_processing_seconds: ['histogram'],
  bg_dexcom_request_duration_seconds: ['histogram', 'endpoint', 'status'],
  bg_dexcom_budget_remaining: ['gauge', 'region'],
  bg_dexcom_circuit_state: ['gauge', 'region'],
  bg_events_published_total: ['counter', 'type', 'outcome'],
  bg_outbox_pending: ['gauge'],
  bg_queue_jobs: ['gauge', 'queue', 'state'],
  bg_queue_oldest_seconds: ['gauge', 'queue'],
  bg_connections: ['gauge', 'status'],
  bg_dynamodb_consumed_units_total: ['counter', 'operation', 'kind'],
}

describe('metrics', () => {
  it('shows every family before anything has happened', async () => {
    const { body, contentType } = await made().text()
    expect(contentType).to.contain('text/plain; version=0.0.4')
    for (const [name, [type, ...labels]] of Object.entries(FAMILIES)) {
      expect(Object.keys(METRIC_TABLE.find((metric) => metric.name === name)?.labels ?? {}), name).to.have.members(
        labels,
      )
      expect(body).to.match(new RegExp(`^# HELP ${name} .+\\n# TYPE ${name} ${type}$`, 'm'))
    }
    expect(body).not.to.contain('nodejs_')
  })

  it('counts what happens, under the labels of the contract', async () => {
    const metrics = made()
    metrics.httpRequest({ method: 'GET', route: '/api/bg/:userId/latest', status: 200, seconds: 0.03 })
    metrics.syncFinished({ trigger: 'poll', outcome: 'completed', seconds: 0.7 })
    metrics.readings('cgm', 'stored', 3)
    metrics.readingLag(3700)
    metrics.tokenRefresh('refreshed')
    metrics.dexcomRequest({ endpoint: 'egvs', status: '200', seconds: 0.4 })
    metrics.dexcomRequest({ endpoint: 'egvs', status: 'timeout', seconds: 60 })
    metrics.eventPublished('io.bg-ingest.readings.changed.v1', 'confirmed', 2)
    metrics.dynamoUnits('UpdateItem', 'write', 2.5)
    metrics.dynamoUnits('UpdateItem', 'write', 1)
    const { body } = await metrics.text()
    for (const line of [
      'http_request_duration_seconds_bucket{le="0.05",method="GET",route="/api/bg/:userId/latest",status="200"} 1',
      'http_request_duration_seconds_count{method="GET",route="/api/bg/:userId/latest",status="200"} 1',
      'bg_sync_duration_seconds_sum{trigger="poll",outcome="completed"} 0.7',
      'bg_sync_total{trigger="poll",outcome="completed"} 1',
      'bg_readings_total{type="cgm",result="stored"} 3',
      'bg_reading_lag_seconds_bucket{le="3600"} 0',
      'bg_reading_lag_seconds_bucket{le="4500"} 1',
      'bg_token_refresh_total{outcome="refreshed"} 1',
      'bg_dexcom_request_duration_seconds_count{endpoint="egvs",status="200"} 1',
      'bg_dexcom_request_duration_seconds_count{endpoint="egvs",status="timeout"} 1',
      'bg_events_published_total{type="io.bg-ingest.readings.changed.v1",outcome="confirmed"} 2',
      'bg_dynamodb_consumed_units_total{operation="UpdateItem",kind="write"} 3.5',
      `bg_service_info{service="worker",node="${process.versions.node}"} 1`,
    ]) {
      expect(body.split('\n')).to.include(line)
    }
  })

  it('starts counters at 0, so that the first event is an increase', async () => {
    const { body } = await made().text()
    expect(body).to.contain('bg_sync_total{trigger="manual",outcome="failed"} 0')
    expect(body).to.contain('bg_readings_total{type="manual",result="rejected"} 0')
    expect(body).to.contain('bg_events_published_total{type="io.bg-ingest.user.erased.v1",outcome="unavailable"} 0')
  })

  it('asks for the queues at every scrape and forgets queues that are gone', async () => {
    const metrics = made()
    let queue = 'bg-sync'
    metrics.collect(async () => [{ queue, jobs: { waiting: 4, failed: 0 }, oldestSeconds: 12.5 }])
    const { body } = await metrics.text()
    expect(body).to.contain('bg_queue_jobs{queue="bg-sync",state="waiting"} 4')
    expect(body).to.contain('bg_queue_jobs{queue="bg-sync",state="failed"} 0')
    expect(body).to.contain('bg_queue_oldest_seconds{queue="bg-sync"} 12.5')
    queue = 'bg-history'
    const next = await metrics.text()
    expect(next.body).to.contain('queue="bg-history"').and.not.to.contain('queue="bg-sync"')
  })

  for (const [title, read] of [
    ['fails', async () => Promise.reject(new Error('CANARY'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ] as const) {
    it(`leaves the queues out, and goes on, where Redis ${title}`, async () => {
      const metrics = made({ collectTimeoutMs: 20 })
      metrics.collect(async () => [{ queue: 'bg-sync', jobs: { waiting: 4 }, oldestSeconds: 1 }])
      await metrics.text()
      metrics.collect(read)
      const { body } = await metrics.text()
      expect(body).to.contain('# TYPE bg_queue_jobs gauge').and.not.to.contain('queue="bg-sync"')
      expect(body).to.contain('bg_sync_total{').and.not.to.contain('CANARY')
    })
  }

  it("brings Node's own metrics where asked, and shares nothing between two registries", async () => {
    const first = made({ defaultMetrics: true })
    const second = made()
    first.readings('cgm', 'stored', 7)
    expect((await first.text()).body)
      .to.contain('nodejs_eventloop_lag_seconds')
      .and.to.contain('process_cpu_seconds_total')
    expect((await second.text()).body).to.contain('bg_readings_total{type="cgm",result="stored"} 0')
  })
})
