import * as z from 'zod'
import { ENDPOINTS, jsonReply } from '../exchange.ts'
import { MannersRules, mannersViolations } from '../manners/violations.ts'
import type { AdminInput } from './admin-endpoints.ts'
import { DONE, type HandlerEntry, withBody, withQuery } from './handler.ts'

const JournalQuery = z.strictObject({
  user: z.string().optional(),
  endpoint: z.enum(ENDPOINTS).optional(),
  after: z.coerce.number().int().min(0).optional(),
})

const allowed = z.coerce.number().int().min(0).optional()
const MannersQuery = z.strictObject({
  callsPerWindow: allowed,
  concurrentData: allowed,
  concurrentRefreshes: allowed,
  presentationsOfAToken: allowed,
  callsAfterInvalidGrant: allowed,
})

const MannersChange = z.strictObject({ slidingWindowMs: z.number().int().min(1) })

const ClockChange = z
  .strictObject({
    advanceMs: z.number().int().optional(),
    setMs: z.number().int().optional(),
    // At most 1,000 days a second: beyond that, now() loses its milliseconds.
    speed: z.number().min(0).max(86_400_000).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'needs advanceMs, setMs or speed')

/** What the client did, and the clock that it all happened by. */
export function bookEndpoints({ books: { clock, journal, manners } }: Pick<AdminInput, 'books'>): HandlerEntry[] {
  const clockState = () => ({ now: new Date(clock.now()).toISOString(), nowMs: clock.now(), speed: clock.speed() })
  return [
    ['GET /__sim/journal', withQuery(JournalQuery, (filter) => jsonReply(200, { entries: journal.list(filter) }))],
    [
      'DELETE /__sim/journal',
      () => {
        journal.clear()
        manners.clear()
        return DONE
      },
    ],
    [
      'GET /__sim/manners',
      withQuery(MannersQuery, (given) => {
        const rules = MannersRules.safeParse(defined(given))
        if (!rules.success) return jsonReply(400, { error: z.prettifyError(rules.error) })
        const report = manners.report()
        return jsonReply(200, { ...report, violations: mannersViolations(report, rules.data) })
      }),
    ],
    [
      'POST /__sim/manners',
      withBody(MannersChange, ({ slidingWindowMs }) => {
        manners.clear(slidingWindowMs)
        return DONE
      }),
    ],
    ['GET /__sim/clock', () => jsonReply(200, clockState())],
    [
      'POST /__sim/clock',
      withBody(ClockChange, ({ advanceMs, setMs, speed }) => {
        if (setMs !== undefined) clock.set(setMs)
        if (advanceMs !== undefined) clock.advance(advanceMs)
        if (speed !== undefined) clock.setSpeed(speed)
        return jsonReply(200, clockState())
      }),
    ],
  ]
}

const defined = (given: object): object =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
