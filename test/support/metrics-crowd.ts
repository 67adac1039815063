import { randomUUID } from 'node:crypto'
import { METHODS, request } from 'node:http'
import { connectForRequests, createProducer, openQueues } from '@bg-ingest/queue'
import { call, tokenOf } from './e2e-client.ts'
import { until } from './until.ts'

interface Crowd {
  readonly apiUrl: string
  readonly secret: string
  readonly ids: readonly string[]
}

/** At a time; the API answers some hundred a second. */
const ABREAST = 25
/** Calls of a CONNECT and of what Node's own client refuses to send would only test the client. */
const UNSENDABLE = new Set(['CONNECT'])

/** Every person asks for their newest reading, and strangers try each method and address that could make a series. */
export async function hostileCalls({ apiUrl, secret, ids }: Crowd): Promise<void> {
  await abreast(ids, async (id) => {
    await call(`${apiUrl}/api/bg/${encodeURIComponent(id)}/latest`, 'GET', { token: await tokenOf(secret, id) })
  })

  const paths = [
    '/api/bg/somebody/latest',
    '/api/bg/somebody',
    '/api/bg/somebody/changes',
    '/api/bg/somebody/sync',
    '/api/bg/somebody/sync/some-job',
    '/api/bg/somebody/webhook',
    '/api/bg/somebody/connection',
    '/oauth/callback',
    '/oauth/start/a-ticket',
    '/healthz',
    '/readyz',
    '/admin/queues',
    '/admin/queues/api/queues',
    '/openapi.json',
    '/docs',
    '/api/%ff',
  ]
  const methods = METHODS.filter((method) => !UNSENDABLE.has(method))
  await abreast(
    paths.flatMap((path) => methods.map((method) => ({ path, method }))),
    ({ path, method }) => send(new URL(path, apiUrl), method),
  )

  await abreast(ids, (id) => send(new URL(`/${id}?${id}=1`, apiUrl), 'GET', { 'x-request-id': id, 'user-agent': id }))
}

/** Asks for a sync of each of them, though nobody is connected, and waits until the worker has been through them. */
export async function enqueueForMany(redisUrl: string, ids: readonly string[]): Promise<void> {
  const onError = () => undefined
  const redis = connectForRequests(redisUrl, { onError })
  const producer = createProducer(redis, { now: Date.now, newId: randomUUID, onError })
  const { queues, close } = openQueues(redis, { onError })
  try {
    await until('the test is connected to Redis', () => redis.status === 'ready')
    await abreast(ids, async (id) => {
      await producer.requestSync({ userId: id as never, trigger: 'poll', requestId: randomUUID() })
    })

    const left = () => queues['bg-sync'].getJobCounts('waiting', 'prioritized', 'active')
    await until('the worker has seen them all', async () => Object.values(await left()).every((n) => n === 0), 60_000)
  } finally {
    await producer.close()
    await close()
    redis.disconnect()
  }
}

async function abreast<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items]
  const run = async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: ABREAST }, run))
}

/** Resolves with whatever comes back: an answer, or a hang-up. */
function send(url: URL, method: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  return new Promise((resolve) => {
    const req = request(url, { method, headers, agent: false }, (res) => res.resume().on('close', resolve))
    req.on('error', () => resolve())
    req.end()
  })
}
