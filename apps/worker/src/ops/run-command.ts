import { parseArgs } from 'node:util'
import type { WorkerConfig } from '@bg-ingest/config'
import { AppError, UserId } from '@bg-ingest/domain'
import type { WorkerContext } from '../context.ts'
import { UsageError } from '../usage-error.ts'
import { auditVerify } from './audit-verify.ts'
import type { Arguments, Command, Outcome, Tools } from './command.ts'
import { erase } from './erase.ts'
import { programs } from './programs.ts'
import { reconcile } from './reconcile.ts'
import { rotateKeys } from './rotate-keys.ts'
import { sync } from './sync.ts'
import { user } from './user.ts'
import { users } from './users.ts'

export const commands: readonly Command[] = [users, user, sync, reconcile, erase, rotateKeys, auditVerify]

/** What there is, for people. */
export function overview(): string {
  const line = ({ name, summary }: { readonly name: string; readonly summary: string }) =>
    `  ${name.padEnd(14)}${summary}`
  return `Usage: pnpm ops <command> [arguments] [--json]

${[...commands, ...programs].map(line).join('\n')}

pnpm ops <command> --help tells more. Exit code: 0 done, 1 not all of it, 2 could not begin.
All but token and provision read the environment of a worker. What operators do is in the audit trail.`
}

export const helpOf = ({ name, usage, summary, about }: Command): string =>
  `Usage: pnpm ops ${name} ${usage} [--json]

${summary[0]?.toUpperCase()}${summary.slice(1)}.

${about}
  --json  one JSON object on stdout`

export interface Invocation {
  readonly command: Command
  readonly args: Arguments
  readonly json: boolean
  readonly help: boolean
}

/** Throws UsageError. */
export function readInvocation(name: string, given: readonly string[]): Invocation {
  const command = commands.find((known) => known.name === name)
  if (!command) throw new UsageError(`There is no command of this name. See pnpm ops --help.`)
  const flags = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...given], options: { ...command.options, ...flags }, allowPositionals: true }),
  )
  const args = { positionals, values: values as Arguments['values'] }
  const help = values['help'] === true
  if (!help) command.check?.(args)
  return { command, args, json: values['json'] === true, help }
}

function parsed<T>(read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message.split('. ')[0] : 'Bad arguments'}. See --help.`)
  }
}

interface Needs extends Omit<Tools, 'config' | 'context'> {
  readonly config: WorkerConfig
  readonly context: WorkerContext
}

/** Runs a command, and puts on record that it began and how it ended; both are in the table before it is told. */
export async function runCommand({ command, args }: Invocation, needs: Needs): Promise<Outcome> {
  const { trail, hashUser } = needs.context
  const about = args.positionals.flatMap((text) => UserId.safeParse(text).data ?? []).at(-1)
  const record = async (outcome: string) => {
    trail.record({
      action: `operator: ${command.name}`,
      actor: 'operator',
      outcome,
      ...(about ? { object: hashUser(about) } : {}),
    })
    await trail.flush()
  }
  await record('begun')
  try {
    const outcome = await command.run(args, needs)
    await record(outcome.complete ? 'ok' : 'incomplete')
    return outcome
  } catch (err) {
    await record(err instanceof UsageError ? 'refused' : AppError.from(err).code)
    throw err
  }
}
