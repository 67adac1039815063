/**
 * `node gate-worker.ts <JSON of GateWorker>`: a worker as the gate sees one. Calls Dexcom as often as it is let, prints each
 * change of spacing, and treats an error as a job does: looks again when it is told to.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createDexcomClient, createGates } from '@bg-ingest/dexcom'
import { AppError } from '@bg-ingest/domain'

export interface GateWorker {
  readonly redisUrl: string
  readonly baseUrl: string
  readonly perHour: number
  /** Who this is, to the server: its access token. */
  readonly name: string
  /** Calls asked for at a time; one line more asks for tokens. */
  readonly lines: number
}

const { redisUrl, baseUrl, perHour, name, lines } = JSON.parse(process.argv[2] ?? '') as GateWorker
const region = 'default'
const gates = createGates({
  redisUrl,
  regions: [region],
  perHour,
  onRedisError: () => undefined,
  onSpacing: (_region, spacing) => console.log(spacing),
})
const client = createDexcomClient({
  regions: [{ name: region, baseUrl, clientId: 'our-client', clientSecret: 'our-secret' }],
  redirectUri: 'http://127.0.0.1/callback',
  gates,
  clock: { now: Date.now },
})

async function keepCalling(call: () => Promise<unknown>): Promise<never> {
  for (;;) {
    const retryAfterMs = await call().then(
      () => 0,
      (err: unknown) => AppError.from(err).retryAfterMs ?? 50,
    )
    if (retryAfterMs > 0) await delay(retryAfterMs)
  }
}

const { signal } = new AbortController()
for (let line = 0; line < lines; line++)
  void keepCalling(() => client.dataRange({ region, accessToken: name, priority: 10, signal }))
void keepCalling(() => client.tokenTurn(() => client.refresh(region, name)))
console.log('started')
