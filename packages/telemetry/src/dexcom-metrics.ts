import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

// Dexcom answers in 0.1 to 2 s; our own limit for one call is 60 s (promises 7).
const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60]

export interface DexcomRequest {
  /** The last part of the path: egvs, calibrations, events, dataRange, devices, token. */
  readonly endpoint: string
  /** HTTP status, or how the exchange ended without one; a closed set of words. */
  readonly status: string
  readonly seconds: number
}

/** How the gate of one region stands, as one process sees it. */
export interface DexcomGate {
  readonly remaining: number
  readonly pausedSeconds: number
  readonly spacing: 'fleet' | 'local'
  readonly processes: number
}

const CIRCUIT = { closed: 0, half_open: 1, open: 2 } as const

export function dexcomMetrics(registry: Registry) {
  const duration = new Histogram({
    name: 'bg_dexcom_request_duration_seconds',
    help: "Duration of one call of Dexcom's API, waiting for the budget not included",
    labelNames: ['endpoint', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  return {
    ...gateMetrics(registry),
    dexcomRequest({ endpoint, status, seconds }: DexcomRequest): void {
      duration.observe({ endpoint, status: statusLabel(status) }, seconds)
    },
  }
}

/** Words are ours, numbers are Dexcom's: what it sends beside the usual shares one word with its kind. */
const USUAL = /^(200|30[12478]|40[0134]|409|413|429|50[0234])$/
function statusLabel(status: string): string {
  if (!/^\d+$/.test(status) || USUAL.test(status)) return status
  return /^[1-5]\d\d$/.test(status) ? `${status[0]}xx` : 'other'
}

function gateMetrics(registry: Registry) {
  const registers = [registry]
  const labelNames = ['region']
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers })
  const remaining = gauge(
    'bg_dexcom_budget_remaining',
    'Calls our share of the hourly budget still allows, over all workers: the share less the calls of the last 60 to 61 minutes',
  )
  const circuit = gauge('bg_dexcom_circuit_state', 'Circuit breaker of this worker: 0 closed, 1 half open, 2 open')
  const paused = gauge('bg_dexcom_paused_seconds', 'How much longer no worker calls, because Dexcom limits our calls')
  const local = gauge(
    'bg_dexcom_local_share',
    '1 while this worker cannot read the shared budget and keeps to its share',
  )
  const processes = gauge('bg_dexcom_gate_processes', 'Workers that share the call budget, as last counted')
  const tokenStop = gauge('bg_dexcom_token_stopped', '1 while Dexcom refuses our client id or secret')
  const redirects = new Counter({
    name: 'bg_dexcom_redirects_total',
    help: 'Answers that sent us elsewhere; none was followed',
    labelNames,
    registers,
  })
  return {
    dexcomGate(region: string, gate: DexcomGate): void {
      remaining.set({ region }, gate.remaining)
      paused.set({ region }, gate.pausedSeconds)
      local.set({ region }, gate.spacing === 'local' ? 1 : 0)
      processes.set({ region }, gate.processes)
    },
    dexcomCircuit(region: string, state: keyof typeof CIRCUIT): void {
      circuit.set({ region }, CIRCUIT[state])
    },
    dexcomTokenStop(region: string, stopped: boolean): void {
      tokenStop.set({ region }, stopped ? 1 : 0)
    },
    dexcomRedirect(region: string): void {
      redirects.inc({ region })
    },
    /** Makes the series of a region exist before anything has happened there. */
    dexcomRegion(region: string): void {
      tokenStop.set({ region }, 0)
      redirects.inc({ region }, 0)
    },
  }
}
