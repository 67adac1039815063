import { randomUUID } from 'node:crypto'
import { type Instant, parseInstant } from '@bg-ingest/domain'
import { createJobReader } from '@bg-ingest/queue'
import { columns } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Command, numberOf, optionOf, personOf, textOption } from './command.ts'

const MAX_WAIT_S = 3_600
const LOOK_EVERY_MS = 2_000

export const sync: Command = {
  name: 'sync',
  usage: '<id> [--from <instant> --to <instant>] [--wait <seconds>]',
  summary: "fetch a person's readings now; a parked person is released by it",
  about: `  --from, --to  this span in place of what a poll looks at, RFC 3339
  --wait        until it has ended, at most so many seconds, up to ${MAX_WAIT_S}; otherwise it is only asked for`,
  options: { from: textOption, to: textOption, wait: textOption },
  check(args) {
    personOf(args)
    rangeOf(optionOf(args, 'from'), optionOf(args, 'to'))
  },
  async run(args, { context: { fleet, ports }, progress, signal }) {
    const userId = personOf(args)
    const range = rangeOf(optionOf(args, 'from'), optionOf(args, 'to'))
    const waitS = numberOf(args, 'wait', { min: 0, max: MAX_WAIT_S }) ?? 0
    if ((await ports.accounts.connection(userId))?.status !== 'connected')
      return { complete: false, json: { userId, error: 'not_connected' }, text: 'This person is not connected.' }
    const { jobId } = await fleet.producer.requestSync({
      userId,
      trigger: 'manual',
      requestId: randomUUID(),
      ...(range ? { range } : {}),
    })
    const reader = createJobReader(fleet.lookout.redis)
    try {
      const until = performance.now() + waitS * 1000
      let status = await reader.status(userId, jobId)
      while (isOpen(status?.status) && performance.now() < until && !signal.aborted) {
        progress(`${status?.status ?? 'queued'}, ${Math.ceil((until - performance.now()) / 1000)} s left`)
        const leftMs = Math.min(LOOK_EVERY_MS, until - performance.now())
        status = await reader.wait(userId, jobId, Math.max(0, leftMs), signal)
      }
      const { result = null, error = null, status: state = 'queued' } = status ?? {}
      const seen = { userId, jobId, status: state, ...result, ...(error ? { error: error.code } : {}) }
      return {
        complete: waitS === 0 || state === 'completed',
        json: { userId, jobId, status: state, result, error },
        text: columns(Object.entries(seen).map(([name, value]) => [name, String(value)])).join('\n'),
      }
    } finally {
      await reader.close()
    }
  },
}

const isOpen = (status: string | undefined) => status !== 'completed' && status !== 'failed'

function rangeOf(from: string | null, to: string | null): { readonly from: Instant; readonly to: Instant } | null {
  if (from === null && to === null) return null
  const range = { from: from === null ? null : parseInstant(from), to: to === null ? null : parseInstant(to) }
  if (range.from === null || range.to === null || range.from >= range.to)
    throw new UsageError('--from and --to go together, both RFC 3339 with a zone, the earlier one first')
  return { from: range.from, to: range.to }
}
