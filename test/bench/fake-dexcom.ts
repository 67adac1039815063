import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A Dexcom that costs nothing: bodies made beforehand, for whoever asks. */
export interface FakeDexcom {
  readonly url: string
  /** What is answered for /egvs from now on, by the start of the window that is asked for. */
  serve(page: (startDate: string) => Buffer): void
  /** The span of all data. */
  span(fromMs: number, toMs: number): void
  close(): void
}

export const ACCOUNT = 'e5'.repeat(32)

const emptyPage = (recordType: string) =>
  Buffer.from(JSON.stringify({ recordType, recordVersion: '3.0', userId: ACCOUNT, records: [] }))
const moment = (ms: number) => ({ systemTime: new Date(ms).toISOString(), displayTime: null })

export async function startFakeDexcom(): Promise<FakeDexcom> {
  const empty = { calibrations: emptyPage('calibration'), events: emptyPage('event'), egvs: emptyPage('egv') }
  let page: (startDate: string) => Buffer = () => empty.egvs
  let range = Buffer.from('')
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://dexcom')
    const endpoint = pathname.split('/').at(-1)
    const body =
      endpoint === 'egvs'
        ? page(searchParams.get('startDate') ?? '')
        : endpoint === 'dataRange'
          ? range
          : empty[endpoint as keyof typeof empty]
    req.resume()
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(next) {
      page = next
    },
    span(fromMs, toMs) {
      const egvs = { start: moment(fromMs), end: moment(toMs) }
      range = Buffer.from(JSON.stringify({ recordType: 'dataRange', recordVersion: '3.0', userId: ACCOUNT, egvs }))
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
