import { jsonReply, type Reply, textReply } from '../exchange.ts'
import type { Answers } from '../options/answer-options.ts'

/** A 400 for dates. What its body looks like is documented nowhere (dexcom-api.md 0.11): a client must not care. */
export function refusal(reason: string, body: Answers['refusalBody'] = 'text'): Reply {
  switch (body) {
    case 'text':
      return textReply(400, reason)
    case 'empty':
      return { status: 400 }
    case 'json':
      return jsonReply(400, { fault: { faultstring: reason, detail: { errorcode: 'InvalidRequest' } } })
    case 'html':
      return {
        status: 400,
        headers: { 'content-type': 'text/html;charset=UTF-8' },
        body: `<html><head><title>400 Bad Request</title></head><body>${reason}</body></html>`,
      }
    default:
      return body satisfies never
  }
}
