import { AppError } from '@bg-ingest/domain'
import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose'

const TIMEOUT_MS = 2000
/**
 * A key that the provider withdrew is refused within ten minutes (promises.md I-17): this, and the minute for which a token
 * that was found good is not looked at again (verified-tokens.ts).
 */
const FRESH_MS = 540_000
/** Tokens with invented key ids make us ask at most this often. */
const UNKNOWN_KEY_PAUSE_MS = 60_000
/** How long the last known keys go on while the provider cannot be reached. */
const KEPT_MS = 24 * 3_600_000
/** While nothing is known, one failed try stands for all callers of this time. */
const FAILURE_PAUSE_MS = 5000
/** A key set has a few keys of 1 kB. */
const MAX_BYTES = 65_536

/** Keys of an identity provider: fetched once for all callers, kept while it is away. Throws `service_unavailable` without any. */
export const createKeySource = (url: URL, now: () => number): JWTVerifyGetKey =>
  createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: UNKNOWN_KEY_PAUSE_MS,
    cacheMaxAge: FRESH_MS,
    [customFetch]: keepingFetch(now),
  })

/** A fetch that answers with the last good key set when the provider does not, so that its outage does not lock everyone out. */
function keepingFetch(now: () => number): FetchImplementation {
  let good: { readonly body: string; readonly atMs: number } | undefined
  let failedAtMs = Number.NEGATIVE_INFINITY
  return async (url, options) => {
    if (now() - failedAtMs >= FAILURE_PAUSE_MS) {
      try {
        good = { body: await fetchKeySet(url, options), atMs: now() }
        return answer(good.body)
      } catch {
        failedAtMs = now() // NOTE: why does not matter to the caller; the kept set or 503 is the answer to all of it
      }
    }
    if (good && now() - good.atMs <= KEPT_MS) return answer(good.body)
    throw new AppError('service_unavailable', 'The signing keys of callers cannot be fetched', {
      retryAfterMs: FAILURE_PAUSE_MS,
    })
  }
}

const answer = (body: string) => new Response(body, { headers: { 'content-type': 'application/json' } })

async function fetchKeySet(...request: Parameters<FetchImplementation>): Promise<string> {
  const response = await fetch(...request)
  if (response.status !== 200 || !response.body) throw new Error('no key set')
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error('key set too large')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString('utf8')
  const set: unknown = JSON.parse(body)
  if (typeof set !== 'object' || set === null || !Array.isArray((set as { keys?: unknown }).keys)) {
    throw new Error('not a key set')
  }
  return body
}
