import type { ClientOptions } from '@bg-ingest/client'
import { BgIngestError, createClient } from '@bg-ingest/client'
import { expect } from 'chai'

export interface Sent {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: string | null
}

type Scripted = Response | Error | ((sent: Sent, signal: AbortSignal) => Response | Promise<Response>)

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers })

export const problem = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Response =>
  json({ type: `urn:bg-ingest:problem:${code}`, title: code, status, detail: 'Why', code, requestId: 'r-1' }, status, {
    'x-request-id': 'r-1',
    ...headers,
  })

/** A client whose calls are answered from a list, in order, and whose sleeps take no time. */
export function scripted(answers: readonly Scripted[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = []
  const slept: number[] = []
  const script = [...answers]
  const client = createClient({
    baseUrl: 'https://bg.example.com',
    token: 'a-token',
    fetch: async (input, init = {}) => {
      const { method = 'GET', headers, body = null, signal } = init
      const call = { url: new URL(String(input)), method, headers: new Headers(headers), body: body as string | null }
      sent.push(call)
      const next = script.shift() ?? new Error('the script is over')
      if (next instanceof Error) throw next
      return typeof next === 'function' ? next(call, signal as AbortSignal) : next
    },
    time: { now: () => Date.parse('2026-11-20T12:00:00Z'), random: () => 0, sleep: async (ms) => void slept.push(ms) },
    ...options,
  })
  return { client, sent, slept }
}

/** What a promise rejects with; fails where it does not. */
export const thrownFrom = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it did not throw'),
    (err: unknown) => err,
  )

export async function refusalOf(promise: Promise<unknown>): Promise<BgIngestError> {
  const err = await thrownFrom(promise)
  if (err instanceof BgIngestError) return err
  throw new Error('expected a BgIngestError', { cause: err })
}
