import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../usage-error.ts'
import { type Command, flagOption, numberOf, personOf, textOption } from './command.ts'

const MAX_WAIT_S = 3_600
const LOOK_EVERY_MS = 250

export const erase: Command = {
  name: 'erase',
  usage: '<id> --yes [--wait <seconds>]',
  summary: 'delete everything of a person, for good',
  about: `  --yes   says that you mean it: nothing brings the readings back once Dexcom no longer has them
  --wait  until it is done, at most so many seconds, up to ${MAX_WAIT_S}; prints the signed receipt then`,
  options: { yes: flagOption, wait: textOption },
  check(args) {
    personOf(args)
    if (args.values['yes'] !== true) throw new UsageError('This cannot be undone; say --yes')
  },
  async run(args, { context: { fleet, examine, ports }, progress, signal }) {
    const userId = personOf(args)
    const waitS = numberOf(args, 'wait', { min: 0, max: MAX_WAIT_S }) ?? 0
    const askedAt = ports.clock.now()
    const { jobId } = await fleet.producer.enqueue('disconnectUser', {
      v: 1,
      userId,
      erase: true,
      requestId: randomUUID(),
    })
    const receiptSince = async () => {
      const { state, connection } = await examine(userId, { days: 1 })
      const receipt = connection === null ? state.erasure?.receipt : null
      return receipt && Date.parse(String(receipt['completedAt'])) >= askedAt ? receipt : null
    }
    const until = performance.now() + waitS * 1000
    let receipt = null
    while (receipt === null && performance.now() < until && !signal.aborted) {
      progress('waiting for a worker to erase')
      await sleep(LOOK_EVERY_MS)
      receipt = await receiptSince()
    }
    const text = receipt === null ? `Asked for, job ${jobId}.` : `Erased. Keep the receipt:\n${JSON.stringify(receipt)}`
    return { complete: waitS === 0 || receipt !== null, json: { userId, jobId, receipt }, text }
  },
}
