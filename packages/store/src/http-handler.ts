import { Pool } from 'undici'

interface Limits {
  readonly connectionTimeoutMs: number
  /** Of the whole call, the wait for a socket included. */
  readonly requestTimeoutMs: number
}

interface Request {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array
}

interface Response {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

type Abort = Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'>

/** Calls side by side; the rest wait for a socket. */
const SOCKETS = 100
/** Below what servers allow an idle connection, so that it is rarely they who close it. */
const IDLE_MS = 20_000

/**
 * Sends the SDK's calls by undici: by node:http, with a stream for each answer, a put takes a third more CPU
 * (docs/performance/sync.md). An answer is read whole, so what is cut off fails the call.
 */
export function createHttpHandler({ connectionTimeoutMs, requestTimeoutMs }: Limits) {
  const pools = new Map<string, Pool>()
  const open = (origin: string) => {
    const pool = new Pool(origin, {
      connections: SOCKETS,
      allowH2: false,
      connect: { timeout: connectionTimeoutMs },
      keepAliveTimeout: IDLE_MS,
      // One timer for the whole call stands for both; undici's go in steps of half a second.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    pools.set(origin, pool)
    return pool
  }
  const handle = (request: Request, { abortSignal }: { readonly abortSignal?: Abort } = {}) => {
    const origin = `${request.protocol}//${request.hostname}${request.port ? `:${request.port}` : ''}`
    return call(pools.get(origin) ?? open(origin), request, requestTimeoutMs, abortSignal)
  }
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle,
    destroy() {
      for (const pool of pools.values()) void pool.destroy()
    },
  }
}

function call(
  pool: Pool,
  { path, headers, body = '' }: Request,
  timeoutMs: number,
  abortSignal: Abort | undefined,
): Promise<{ response: Response }> {
  return new Promise((resolve, reject) => {
    let failure: Error | null = null
    let abort: ((err: Error) => void) | null = null
    const chunks: Buffer[] = []
    let head = { statusCode: 0, headers: {} as Record<string, string> }
    const fail = (err: Error) => {
      done()
      failure = err
      abort?.(err)
      reject(err)
    }
    const onAbort = () => fail(Object.assign(new Error('Request aborted'), { name: 'AbortError' }))
    const timer = setTimeout(() => fail(retryable(new Error(`No answer within ${timeoutMs} ms`))), timeoutMs)
    const done = () => {
      clearTimeout(timer)
      abortSignal?.removeEventListener('abort', onAbort)
    }
    if (abortSignal?.aborted) return onAbort()
    abortSignal?.addEventListener('abort', onAbort)
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart(controller) {
          abort = (err) => controller.abort(err)
          // Given up while it waited for a socket.
          if (failure) abort(failure)
        },
        onResponseStart(_controller, statusCode, received) {
          head = { statusCode, headers: received as Record<string, string> }
        },
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd() {
          done()
          resolve({ response: { ...head, body: Buffer.concat(chunks) } })
        },
        onResponseError(_controller, err) {
          done()
          reject(failure ?? retryable(err))
        },
      },
    )
  })
}

/** By this name the SDK knows what is worth another try: refused, reset, cut off, too late. */
const retryable = (err: Error): Error => Object.assign(err, { name: 'TimeoutError' })
