import { once } from 'node:events'
import { request } from 'node:http'

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string | null
  /** Text is sent as it is; anything else as JSON. */
  readonly body?: unknown
}

/** Whatever came; a test looks into it without knowing its shape. */
interface Json {
  readonly [name: string]: Json
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Empty for what is no JSON. */
  readonly json: Json
}

/** One request over a connection of its own; nothing of the path is normalised on the way. */
export async function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, token, body }: Ask,
): Promise<Answer> {
  const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  // Node frames the body of a DELETE only where its length is said.
  const length = payload === undefined ? {} : { 'content-length': Buffer.byteLength(payload) }
  const type = payload === undefined ? {} : { 'content-type': 'application/json', ...length }
  const auth = token ? { authorization: `Bearer ${token}` } : {}
  const req = request({
    port,
    host: '127.0.0.1',
    path,
    method,
    agent: false,
    headers: { ...type, ...auth, ...headers },
  })
  req.end(payload)
  const [res] = await once(req, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const isJson = /[/+]json\b/.test(String(res.headers['content-type'])) && text !== ''
  return { status: res.statusCode, headers: res.headers, text, json: isJson ? JSON.parse(text) : {} }
}
