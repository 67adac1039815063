import { createDexcomClient, createGates } from '@bg-ingest/dexcom'
import { createMetrics } from '@bg-ingest/telemetry'
import { expect } from 'chai'

const REGIONS = ['default', 'EU']

describe('metrics of the way to Dexcom', () => {
  const lines = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.text()).body.split('\n')

  it('exist for each region from the start, also where Redis is away', async () => {
    const metrics = createMetrics({ service: 'worker', defaultMetrics: false })
    for (const region of REGIONS) metrics.dexcomRegion(region)
    const gates = createGates({
      redisUrl: 'redis://127.0.0.1:1',
      regions: REGIONS,
      perHour: 60_000,
      onRedisError: () => undefined,
      onState: metrics.dexcomGate,
    })
    createDexcomClient({
      regions: REGIONS.map((name) => ({ name, baseUrl: 'http://127.0.0.1:1', clientId: 'us', clientSecret: 'secret' })),
      redirectUri: 'http://127.0.0.1/callback',
      gates,
      clock: { now: Date.now },
      watch: { circuit: metrics.dexcomCircuit },
    })
    const body = await lines(metrics)
    for (const region of REGIONS) {
      expect(body).to.include(`bg_dexcom_budget_remaining{region="${region}"} 48000`)
      expect(body).to.include(`bg_dexcom_circuit_state{region="${region}"} 0`)
      expect(body).to.include(`bg_dexcom_paused_seconds{region="${region}"} 0`)
      expect(body).to.include(`bg_dexcom_local_share{region="${region}"} 0`)
      expect(body).to.include(`bg_dexcom_token_stopped{region="${region}"} 0`)
      expect(body).to.include(`bg_dexcom_redirects_total{region="${region}"} 0`)
    }
    await gates.stop()
  })

  it('follow what happens', async () => {
    const metrics = createMetrics({ service: 'worker', defaultMetrics: false })
    metrics.dexcomGate('EU', { remaining: 12, pausedSeconds: 2.5, spacing: 'local', processes: 3 })
    metrics.dexcomTokenStop('EU', true)
    metrics.dexcomRedirect('EU')
    const states = { closed: 0, half_open: 1, open: 2 } as const
    for (const [state, value] of Object.entries(states)) {
      metrics.dexcomCircuit('EU', state as keyof typeof states)
      expect(await lines(metrics)).to.include(`bg_dexcom_circuit_state{region="EU"} ${value}`)
    }
    const body = await lines(metrics)
    expect(body).to.include('bg_dexcom_budget_remaining{region="EU"} 12')
    expect(body).to.include('bg_dexcom_paused_seconds{region="EU"} 2.5')
    expect(body).to.include('bg_dexcom_local_share{region="EU"} 1')
    expect(body).to.include('bg_dexcom_gate_processes{region="EU"} 3')
    expect(body).to.include('bg_dexcom_token_stopped{region="EU"} 1')
    expect(body).to.include('bg_dexcom_redirects_total{region="EU"} 1')
    metrics.dexcomTokenStop('EU', false)
    expect(await lines(metrics)).to.include('bg_dexcom_token_stopped{region="EU"} 0')
  })
})
