import type { DexcomRegion } from '@bg-ingest/dexcom-contract'
import { AppError } from '@bg-ingest/domain'
import type { CircuitState } from './breaker.ts'
import type { Gate } from './limiter.ts'
import { createLine, type Line } from './line.ts'
import { type Answer, createExchange, type ExchangeRequest, type FailureKind, TransportFailure } from './transport.ts'

export type DexcomEndpoint = 'egvs' | 'calibrations' | 'events' | 'dataRange' | 'devices' | 'alerts' | 'token'

/** One request as operators see it: `status` is the HTTP status, or how the exchange ended without one. */
export interface DexcomRequest {
  readonly endpoint: DexcomEndpoint
  readonly status: string
  readonly seconds: number
}

/** What operators are told. None of these may throw: behind a token call that would lose the grant. */
export interface DexcomWatch {
  readonly request?: (request: DexcomRequest) => void
  /** Told at the start too. */
  readonly circuit?: (region: string, state: CircuitState) => void
  /** Dexcom refuses this application (true), or no longer (false). Told once for each stop. */
  readonly tokenStop?: (region: string, stopped: boolean) => void
  /** Dexcom sent us elsewhere; nobody went. */
  readonly redirect?: (region: string) => void
}

export interface CallerOptions {
  readonly regions: readonly DexcomRegion[]
  /** The gate of each region. */
  readonly gates: { of(region: string): Pick<Gate, 'schedule' | 'pause' | 'waiting'> }
  /** Epoch milliseconds. */
  readonly clock: { now(): number }
  readonly watch?: DexcomWatch
}

interface Call<T> extends ExchangeRequest {
  readonly endpoint: DexcomEndpoint
  readonly region: string
  readonly priority: number
  /** 1 for the first try of a job. */
  readonly attempt: number
  /** What the answer says. Throws AppError where it is a refusal or cannot be read. */
  readonly read: (answer: Answer) => T
  /** Why there was no answer. */
  readonly failure: (kind: FailureKind) => AppError
}

/** What every call shares: its region, a slot in the budget, the breaker, and a line for the operators. */
export interface Caller {
  region(name: string): DexcomRegion
  now(): number
  /** Throws AppError. */
  send<T>(call: Call<T>): Promise<T>
}

export function createCaller({ regions, gates, clock, watch = {} }: CallerOptions): Caller {
  const exchange = createExchange()
  const lines = new Map(
    regions.map((region): [string, { region: DexcomRegion; line: Line }] => {
      const onState = (state: CircuitState) => watch.circuit?.(region.name, state)
      onState('closed')
      return [region.name, { region, line: createLine({ gate: gates.of(region.name), onState }) }]
    }),
  )

  function named(name: string) {
    const found = lines.get(name)
    if (!found) throw new AppError('upstream_misconfigured', 'The region is not configured')
    return found
  }

  async function observed({ url, headers, form, timeouts, signal, endpoint, region }: Call<unknown>): Promise<Answer> {
    const startedMs = clock.now()
    const report = (status: string) =>
      watch.request?.({ endpoint, status, seconds: Math.max(0, clock.now() - startedMs) / 1000 })
    try {
      const answer = await exchange({
        url,
        timeouts,
        ...(headers && { headers }),
        ...(form && { form }),
        ...(signal && { signal }),
      })
      report(String(answer.status))
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) watch.redirect?.(region)
      return answer
    } catch (err) {
      report(err instanceof TransportFailure ? err.kind : 'lost')
      throw err
    }
  }

  return {
    region: (name) => named(name).region,
    now: () => clock.now(),
    send: (call) => named(call.region).line.send(call, () => observed(call)),
  }
}
