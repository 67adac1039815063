import { parseArgs } from 'node:util'

export const HELP = `Usage: pnpm chaos [--short] [--only ID[,ID…]] [--seed N] [--json FILE] [--report]
Runs the real build against real Redis, RabbitMQ and DynamoDB, breaks them and it, and looks from outside whether any
promise was broken. Takes under 10 minutes on two cores; everything runs on 127.0.0.1 and is taken down at the end.

  --short      baseline and the faults that matter most, about two minutes
  --only IDS   these faults alone, by the ids that --list prints: --only A6,C2
  --soak MIN   after the faults, so many minutes of one fault by chance every few seconds (default 1, 0 with --short or --only)
  --seed N     draws the same faults by chance as the run that printed this seed
  --json FILE  writes the results there; default .chaos/results.json
  --report     writes docs/reliability.md from the results as well
  --list       prints the faults and ends
The exit code is 1 if a promise was broken, 2 if the arguments are wrong.`

export interface ChaosArguments {
  readonly help: boolean
  readonly list: boolean
  readonly short: boolean
  readonly only: readonly string[]
  readonly seed: number
  readonly soakMinutes: number
  readonly json: string
  readonly report: boolean
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const number = (name: string, text: string, max: number): number => {
  if (!/^\d{1,10}$/.test(text) || Number(text) > max)
    throw new UsageError(`--${name} takes a whole number up to ${max}`)
  return Number(text)
}

const MOST_SEED = 2 ** 32 - 1
const MOST_SOAK_MINUTES = 240

/** `known`: ids of faults. Throws UsageError. */
export function readArguments(
  args: readonly string[],
  known: ReadonlySet<string>,
  chance: () => number,
): ChaosArguments {
  const { values } = parsed(args)
  const only = values.only?.split(',') ?? []
  const unknown = only.find((id) => !known.has(id))
  if (unknown !== undefined) throw new UsageError(`no fault is called ${unknown}: see --list`)
  const soak = values.soak?.replace(/m$/, '')
  return {
    help: values.help ?? false,
    list: values.list ?? false,
    short: values.short ?? false,
    only,
    seed: values.seed === undefined ? Math.floor(chance() * MOST_SEED) : number('seed', values.seed, MOST_SEED),
    soakMinutes:
      soak === undefined ? (values.short || only.length > 0 ? 0 : 1) : number('soak', soak, MOST_SOAK_MINUTES),
    json: values.json ?? '.chaos/results.json',
    report: values.report ?? false,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean' },
        list: { type: 'boolean' },
        short: { type: 'boolean' },
        only: { type: 'string' },
        seed: { type: 'string' },
        soak: { type: 'string' },
        json: { type: 'string' },
        report: { type: 'boolean' },
      },
    })
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err))
  }
}
