import { nextPollMs, toInstant } from '@bg-ingest/domain'
import { createUserHasher } from '@bg-ingest/security'
import { shouldBePolled } from '../examination.ts'
import { columns } from '../table.ts'
import { UsageError } from '../usage-error.ts'
import { type Command, personOf } from './command.ts'

/** What an operator sees of a person besides: the doctor's look at the last day. */
const DAYS = 1

export const user: Command = {
  name: 'user',
  usage: 'show <id>',
  summary: 'show where a person stands: connection, polls, history, what is wrong',
  about:
    '  Shows no reading and no token. `IN LOGS` is how logs and the audit trail name the person, newest key first.',
  options: {},
  async run(args, { config, context: { examine, ports } }) {
    if (args.positionals[0] !== 'show') throw new UsageError('user show <id> is what there is. See --help.')
    const userId = personOf(args, 1)
    const { connection, state, findings } = await examine(userId, { days: DAYS })
    const everyMs = connection?.pollIntervalSeconds ? connection.pollIntervalSeconds * 1000 : config.sync.pollIntervalMs
    const seen = {
      userId,
      inLogs: config.encryption.keys.reveal().map((key) => createUserHasher([key])(userId)),
      status: connection?.status ?? (state.erasure ? 'erased' : 'unknown'),
      region: connection?.region ?? null,
      connectedAt: connection?.connectedAt ?? null,
      paused: connection?.paused ?? false,
      parkedAt: connection?.parkedAt ?? null,
      problem: connection?.problem?.code ?? null,
      accessTokenUntil: connection?.tokens?.expiresAt ?? null,
      tokensInDoubt: (connection?.tokens?.presentations ?? 0) > 0,
      pollIntervalSeconds: everyMs / 1000,
      nextPollAt: shouldBePolled(connection) ? toInstant(nextPollMs(userId, everyMs, ports.clock.now())) : null,
      lastAttemptAt: state.lastAttemptAt,
      lastSuccessAt: state.lastSuccessAt,
      latestReadingAt: state.newestAt,
      history: state.history.state,
      changes: state.committedSequence,
      unpublished: state.committedSequence - state.publishedSequence,
      erasedAt: state.erasure?.at ?? null,
      findings: findings.map(({ finding, count }) => `${finding}: ${count}`),
    }
    const rows = Object.entries(seen).map(([name, value]) => [name, shown(value)])
    return { complete: true, json: seen, text: columns(rows).join('\n') }
  },
}

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.join(', ') || 'none' : value === null ? '-' : String(value)
