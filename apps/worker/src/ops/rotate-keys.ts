import { AppError, type UserId } from '@bg-ingest/domain'
import { type Resealed, resealGrant } from '@bg-ingest/ingest'
import { sealedBy } from '@bg-ingest/security'
import { inParallel } from '../in-parallel.ts'
import { columns } from '../table.ts'
import { type Command, optionOf, type Tools, textOption } from './command.ts'
import { everybody, placeOf } from './list-people.ts'

/** Each holds a person's lease for some milliseconds; polls of the others go on. */
const AT_A_TIME = 8

type Result = Resealed | 'unreadable' | 'failed'
const RESULTS: readonly Result[] = ['resealed', 'current', 'none', 'in_doubt', 'unreadable', 'failed']

export const rotateKeys: Command = {
  name: 'rotate-keys',
  usage: '[--after <id>]',
  summary: "seal everybody's tokens anew with the first of ENCRYPTION_KEYS (or KMS_KEY_ARN)",
  about: `  --after  go on behind this id, after it was interrupted. Running it again from the start is safe too:
           what is sealed with the first key already is left as it is

  Run it once every process has the new key as its first (docs/operations/key-rotation.md). Exit code 0: no text is
  left that needs an older key. 1: some are; the table says how many and why.`,
  options: { after: textOption },
  async run(args, tools) {
    const { context, progress, signal } = tools
    const counts = new Map<Result, number>(RESULTS.map((result) => [result, 0]))
    const isCurrent = currentKey(tools)
    let last = placeOf(optionOf(args, 'after'))
    let seen = 0
    for await (const people of batches(everybody(context.fleet.registry, last), AT_A_TIME)) {
      await inParallel(people, AT_A_TIME, async (userId) => {
        const result = await rotate(tools, userId, isCurrent)
        counts.set(result, (counts.get(result) ?? 0) + 1)
      })
      last = people.at(-1) ?? last
      seen += people.length
      progress(`${seen} people, ${counts.get('resealed')} sealed anew`)
      if (signal.aborted) break
    }
    const numbers = Object.fromEntries(counts)
    const left = (numbers['in_doubt'] ?? 0) + (numbers['unreadable'] ?? 0) + (numbers['failed'] ?? 0)
    const next = signal.aborted ? last : null
    const rows = RESULTS.map((result) => [MEANING[result], String(numbers[result])])
    const end = next === null ? [] : [`Interrupted: go on with --after '${next}'`]
    return {
      complete: left === 0 && next === null,
      json: { ...numbers, next },
      text: [...columns(rows), ...end].join('\n'),
    }
  },
}

const MEANING: Readonly<Record<Result, string>> = {
  resealed: 'sealed anew',
  current: 'sealed with the first key already',
  none: 'without tokens',
  in_doubt: 'left for now, a renewal is under way; run it again in a minute',
  unreadable: 'no configured key opens them: put the key back, or the person connects again',
  failed: 'busy or not reached; run it again',
}

/** Where KMS seals, its key; else the first of ours. */
function currentKey({ config: { encryption } }: Tools): (sealed: string) => boolean {
  const current = encryption.kms?.arn ?? encryption.keys.reveal()[0]?.id
  return (sealed) => sealedBy(sealed) === current
}

async function rotate({ context, signal }: Tools, userId: UserId, isCurrent: (sealed: string) => boolean) {
  const { ports, trail, hashUser } = context
  const result = await resealGrant(ports, { userId, isCurrent }, signal).catch(
    (err: unknown): Result => (AppError.from(err).code === 'token_unreadable' ? 'unreadable' : 'failed'),
  )
  if (result !== 'current' && result !== 'none')
    trail.tally({ action: 'tokens.resealed', actor: 'operator', outcome: result }, hashUser(userId))
  return result
}

async function* batches(
  people: AsyncIterable<{ readonly userId: UserId }>,
  size: number,
): AsyncGenerator<readonly UserId[]> {
  let batch: UserId[] = []
  for await (const { userId } of people) {
    batch.push(userId)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
