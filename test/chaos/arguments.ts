import { parseArgs } from 'node:util'
import { PHASES } from './fault.ts'

export const HELP = `Usage: pnpm chaos [--short | --phase NAMES | --only IDS | --mutants] [--soak MIN] [--within MIN] [--seed N] [--json FILE]
       pnpm chaos --leaks [--people N] [--minutes N] [--json FILE]
       pnpm chaos --report FILE[,FILE…] | --list
Runs the real build against real Redis, RabbitMQ and DynamoDB, breaks them and it, and looks from outside whether any
promise was broken. Everything runs on 127.0.0.1 and is taken down at the end.

  --short      the faults that matter most, all at once, after the same baseline with fewer people
  --phase P    the faults of these phases alone: --phase kills,redis
  --only IDS   these faults alone, by the ids that --list prints: --only A6,C2
  --mutants    takes one protection after the other out of the build as it is loaded; each has to break the promise
               that it stands for. With --only M1,M3 these alone
  --leaks      breaks nothing: polls a crowd at sixty times the usual pace, and looks whether heaps, file descriptors or
               Redis grow, and whether everything ends when it is told to
  --people N   how many that crowd has (default 1000)
  --minutes N  how long that is watched (default 10)
  --soak MIN   after the faults, so many minutes of one fault by chance every few seconds (default 1, 0 with a choice)
  --within MIN begins no fault so many minutes behind the baseline; those that are left out are named
  --seed N     draws the same faults by chance as the run that printed this seed
  --json FILE  writes the results there; default .chaos/results.json
  --report FS  runs nothing, and writes docs/reliability.md from such files: --report .chaos/a.json,.chaos/b.json
  --list       prints the faults and mutants and ends
The exit code is 1 if a promise was broken or a mutant survived, 2 if the arguments are wrong.`

export interface ChaosArguments {
  readonly help: boolean
  readonly list: boolean
  readonly short: boolean
  readonly only: readonly string[]
  readonly phases: readonly string[]
  readonly mutants: boolean
  /** Null: look for none. */
  readonly leaks: { readonly people: number; readonly minutes: number } | null
  readonly seed: number
  readonly soakMinutes: number
  readonly withinMinutes: number
  readonly json: string
  /** Files of earlier runs. */
  readonly report: readonly string[]
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A whole number up to `max`; `otherwise` where none was given. */
function number(name: string, text: string | undefined, max: number, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,10}$/.test(text) || Number(text) > max)
    throw new UsageError(`--${name} takes a whole number up to ${max}`)
  return Number(text)
}

const MOST_SEED = 2 ** 32 - 1
const MOST_SOAK_MINUTES = 240
const MOST_PEOPLE = 10_000
const PEOPLE = 1_000
const LEAK_MINUTES = 10

export interface Known {
  readonly faults: readonly string[]
  readonly mutants: readonly string[]
}

/** Throws UsageError. */
export function readArguments(args: readonly string[], known: Known, chance: () => number): ChaosArguments {
  const { values } = parsed(args)
  const mutants = values.mutants ?? false
  const only = chosenAmong(mutants ? known.mutants : known.faults, mutants ? 'mutant' : 'fault', values.only)
  const phases = chosenAmong(PHASES, 'phase', values.phase)
  const soak = values.soak?.replace(/m$/, '')
  return {
    help: values.help ?? false,
    list: values.list ?? false,
    short: values.short ?? false,
    only,
    phases,
    mutants,
    leaks: values.leaks
      ? {
          people: number('people', values.people, MOST_PEOPLE, PEOPLE),
          minutes: number('minutes', values.minutes, MOST_SOAK_MINUTES, LEAK_MINUTES),
        }
      : null,
    seed: number('seed', values.seed, MOST_SEED, Math.floor(chance() * MOST_SEED)),
    soakMinutes: number('soak', soak, MOST_SOAK_MINUTES, Number(!values.short && only.length + phases.length === 0)),
    withinMinutes: number('within', values.within, MOST_SOAK_MINUTES, Number.POSITIVE_INFINITY),
    json: values.json ?? '.chaos/results.json',
    report: values.report?.split(',') ?? [],
  }
}

function chosenAmong(known: readonly string[], what: string, list: string | undefined): readonly string[] {
  const chosen = list?.split(',') ?? []
  const unknown = chosen.find((id) => !known.includes(id))
  if (unknown !== undefined) throw new UsageError(`no ${what} is called ${unknown}: see --list`)
  return chosen
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
        phase: { type: 'string' },
        mutants: { type: 'boolean' },
        leaks: { type: 'boolean' },
        people: { type: 'string' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        soak: { type: 'string' },
        within: { type: 'string' },
        json: { type: 'string' },
        report: { type: 'string' },
      },
    })
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err))
  }
}
