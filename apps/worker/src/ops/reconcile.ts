import { UsageError } from '../usage-error.ts'
import { type Command, flagOption, optionOf, personOf, textOption } from './command.ts'
import { everybody, placeOf } from './list-people.ts'

export const reconcile: Command = {
  name: 'reconcile',
  usage: '<id> | --all [--after <id>]',
  summary: 'compare what is stored with Dexcom again, a week back or more',
  about: `  --all    everybody who is connected; at the lowest priority, within the call budget
  --after  with --all: go on behind this id, after it was interrupted`,
  options: { all: flagOption, after: textOption },
  async run(args, { context: { fleet, hashUser }, progress, signal }) {
    if (args.values['all'] !== true) {
      const userId = personOf(args)
      const { jobId } = await fleet.producer.enqueue('reconcileUser', { v: 1, userId })
      return {
        complete: true,
        json: { asked: 1, jobId },
        text: 'Asked for; the log has the job as done within minutes.',
      }
    }
    if (args.positionals.length > 0) throw new UsageError('Either a person, or --all')
    let asked = 0
    let last = placeOf(optionOf(args, 'after'))
    for await (const { userId, status } of everybody(fleet.registry, last)) {
      if (signal.aborted) break
      last = userId
      if (status !== 'connected') continue
      await fleet.producer.enqueue('reconcileUser', { v: 1, userId })
      asked += 1
      progress(`${asked} people asked for, now at ${hashUser(userId)}`)
    }
    const next = signal.aborted ? last : null
    const end = next === null ? '' : `, interrupted: go on with --after '${next}'`
    return { complete: next === null, json: { asked, next }, text: `${asked} people asked for${end}` }
  },
}
