import type { DexcomRegion } from '@bg-ingest/dexcom-contract'
import { AppError } from '@bg-ingest/domain'
import type { Gate } from './limiter.ts'
import { type Answer, exchange, type Timeouts, TransportFailure } from './transport.ts'

export type DexcomEndpoint = 'egvs' | 'calibrations' | 'events' | 'dataRange' | 'devices' | 'alerts' | 'token'

/** One request as operators see it: `status` is the HTTP status, or how the exchange ended without one. */
export interface DexcomRequest {
  readonly endpoint: DexcomEndpoint
  readonly status: string
  readonly seconds: number
}

export interface CallerOptions {
  readonly regions: readonly DexcomRegion[]
  readonly gate: Pick<Gate, 'schedule'>
  /** Epoch milliseconds. */
  readonly clock: { now(): number }
  /** Must not throw: behind a token call that would lose the grant. */
  readonly onRequest?: (request: DexcomRequest) => void
}

interface Call {
  readonly endpoint: DexcomEndpoint
  readonly url: URL
  readonly priority: number
  readonly timeouts: Timeouts
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** What every call shares: its region, a slot in the budget, and a line for the operators. */
export interface Caller {
  region(name: string): DexcomRegion
  now(): number
  /** Throws the gate's AppError before anything is sent, TransportFailure after. */
  send(call: Call): Promise<Answer>
}

export function createCaller({ regions, gate, clock, onRequest }: CallerOptions): Caller {
  const byName = new Map(regions.map((region) => [region.name, region]))

  async function observed({ endpoint, priority: _, ...request }: Call): Promise<Answer> {
    const startedMs = clock.now()
    const report = (status: string) =>
      onRequest?.({ endpoint, status, seconds: Math.max(0, clock.now() - startedMs) / 1000 })
    try {
      const answer = await exchange(request)
      report(String(answer.status))
      return answer
    } catch (err) {
      report(err instanceof TransportFailure ? err.kind : 'lost')
      throw err
    }
  }

  return {
    region(name) {
      const region = byName.get(name)
      if (!region) throw new AppError('upstream_misconfigured', 'The region is not configured')
      return region
    },
    now: () => clock.now(),
    send: (call) => gate.schedule(call.priority, call.signal, () => observed(call)),
  }
}
