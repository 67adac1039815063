import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Reply } from '../exchange.ts'
import { type Delivery, wholeBody } from './delivery.ts'
import type { FaultActionOf } from './fault-actions.ts'

/** Says that there is more and ends the connection, or sends more than it said. */
export function sendWithWrongLength({ by }: FaultActionOf<'wrong-length'>, delivery: Delivery): void {
  const { response, close } = delivery
  const reply = delivery.answer()
  const body = Buffer.from(wholeBody(reply))
  const said = Math.max(0, body.length + by)
  response.writeHead(reply.status, { ...reply.headers, 'content-length': said, connection: 'close' })
  close(reply.status)
  response.write(body, () => response.socket?.end())
}

/** The true answer, byte by byte, until the client or the simulator has had enough of it. */
export async function drip({ bytesPerSecond }: FaultActionOf<'drip'>, delivery: Delivery): Promise<void> {
  const { response, signal, close } = delivery
  const reply = delivery.answer()
  const body = Buffer.from(wholeBody(reply))
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length })
  for (let i = 0; i < body.length && !response.destroyed; i++) {
    if (i === body.length - 1) close(reply.status)
    response.write(body.subarray(i, i + 1))
    await delay(1000 / bytesPerSecond, undefined, { signal })
  }
  response.end()
}

/** A status line, headers that promise a body, and nothing more; the client hangs up. */
export function sendHeadersOnly({ response }: Delivery, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': 1000 })
  response.flushHeaders()
}

export function reset({ when }: FaultActionOf<'reset'>, delivery: Delivery): void {
  const { response } = delivery
  const reply = when === 'before' ? null : delivery.answer()
  if (reply === null || when === 'after') {
    hangUp(response)
    return
  }
  const body = Buffer.from(wholeBody(reply))
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length })
  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => hangUp(response))
}

/** RST, not FIN: what a client sees when the other side's process is gone. */
function hangUp(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
}
