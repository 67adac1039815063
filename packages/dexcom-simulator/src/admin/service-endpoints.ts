import { jsonReply } from '../exchange.ts'
import { FaultRule } from '../faults/fault-rule.ts'
import { LimitOptions } from '../limits/limit-options.ts'
import { FreezeOptions } from '../regions/freeze.ts'
import { OutageOptions } from '../regions/outage.ts'
import type { AdminInput } from './admin-endpoints.ts'
import { DONE, type HandlerEntry, withBody } from './handler.ts'

type ServiceInput = Pick<AdminInput, 'books' | 'limits' | 'outage' | 'freeze'>

/** What goes wrong: single requests, whole regions, too many calls, data that stand still. */
export function serviceEndpoints({ books: { faults }, limits, outage, freeze }: ServiceInput): HandlerEntry[] {
  const done = (does: () => void) => () => {
    does()
    return DONE
  }
  const frozenSince = () => {
    const sinceMs = freeze.sinceMs()
    return sinceMs === null ? null : new Date(sinceMs).toISOString()
  }
  return [
    ['GET /__sim/faults', () => jsonReply(200, { faults: faults.list() })],
    [
      'POST /__sim/faults',
      withBody(FaultRule, (rule) => {
        faults.add(rule)
        return jsonReply(201, rule)
      }),
    ],
    ['DELETE /__sim/faults', done(faults.clear)],
    ['GET /__sim/limits', () => jsonReply(200, { limits: limits.options(), applications: limits.counts() })],
    [
      'POST /__sim/limits',
      withBody(LimitOptions, (options) => {
        limits.set(options)
        return jsonReply(200, options)
      }),
    ],
    ['DELETE /__sim/limits', done(() => limits.set(null))],
    ['GET /__sim/outage', () => jsonReply(200, { outage: outage.current() })],
    [
      'POST /__sim/outage',
      withBody(OutageOptions, (options) => {
        if (options.mode === 'refuse' && options.forMs === undefined) {
          return jsonReply(400, { error: 'refuse needs forMs: nobody could end it through a closed port' })
        }
        outage.begin(options)
        return jsonReply(200, options)
      }),
    ],
    ['DELETE /__sim/outage', done(outage.end)],
    ['GET /__sim/freeze', () => jsonReply(200, { frozenSince: frozenSince() })],
    [
      'POST /__sim/freeze',
      withBody(FreezeOptions, (options) => {
        freeze.begin(options)
        return jsonReply(200, { frozenSince: frozenSince() })
      }),
    ],
    ['DELETE /__sim/freeze', done(freeze.end)],
  ]
}
