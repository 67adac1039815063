import { type CircuitState, createDexcomClient, type DexcomRequest } from '@bg-ingest/dexcom'
import { AppError } from '@bg-ingest/domain'
import { NOW_MS } from './wire.ts'

export const ACCESS_TOKEN = 'CANARY-access-token'
export const REFRESH_TOKEN = 'CANARY-refresh-token'
export const CLIENT_SECRET = 'CANARY-client-secret'
export const REDIRECT_URI = 'http://localhost:5001/oauth/callback'

/** Short enough for a test, long enough for a loaded machine to answer in. */
const QUICK = { connect: 300, response: 400, request: 800 }

export const QUICK_TIMEOUTS = { data: QUICK, token: QUICK }

/** A client of one region, behind a gate that lets everything through and remembers priorities and pauses. */
export function aClient(baseUrl: string, timeouts?: typeof QUICK_TIMEOUTS) {
  const requests: DexcomRequest[] = []
  const priorities: number[] = []
  const pauses: number[] = []
  const redirects: string[] = []
  const circuits: CircuitState[] = []
  const tokenStops: boolean[] = []
  const client = createDexcomClient({
    regions: [{ name: 'default', baseUrl, clientId: 'our-client', clientSecret: CLIENT_SECRET }],
    redirectUri: REDIRECT_URI,
    clock: { now: () => NOW_MS },
    watch: {
      request: (request) => requests.push(request),
      redirect: (region) => redirects.push(region),
      circuit: (_region, state) => circuits.push(state),
      tokenStop: (_region, stopped) => tokenStops.push(stopped),
    },
    gates: {
      of: () => ({
        async schedule(priority, signal, call) {
          priorities.push(priority)
          if (signal?.aborted) throw new AppError('lease_lost', 'The lease ended')
          return call()
        },
        pause: (ms) => pauses.push(ms),
        waiting: () => 0,
      }),
    },
    ...(timeouts && { timeouts }),
  })
  return { client, requests, priorities, pauses, redirects, circuits, tokenStops }
}

export const aCall = (changes: { signal?: AbortSignal; region?: string } = {}) => ({
  region: 'default',
  accessToken: ACCESS_TOKEN,
  priority: 10,
  signal: new AbortController().signal,
  ...changes,
})
