import { runChild } from './child.ts'
import type { Step, StepContext } from './step.ts'

interface Check {
  readonly command: readonly string[]
  /** Reads from the tool's output how many files it looked at; a run that saw too few is not green. */
  readonly coverage?: { readonly pattern: RegExp; readonly atLeast: number }
}

/** A step made of tool runs: green if each of them exits with 0 and has looked at enough files. Output is shown only if not. */
export function staticStep(name: string, about: string, checks: (root: string) => readonly Check[]): Step {
  return {
    name,
    about,
    kind: 'static',
    run: async (context) => {
      const notes: string[] = []
      for (const check of checks(context.root)) notes.push(...(await problems(check, context)))
      return { passed: notes.length === 0 ? 1 : 0, failed: notes.length === 0 ? 0 : 1, notes }
    },
  }
}

async function problems({ command, coverage }: Check, context: StepContext): Promise<readonly string[]> {
  const { root, env, signal, say } = context
  const { exitCode, output } = await runChild(command, { cwd: root, env, signal, output: 'keep' })
  if (exitCode !== 0) {
    say(output.trimEnd())
    return [`${command.join(' ')} exited with ${exitCode ?? 'a signal'}`]
  }
  if (coverage === undefined) return []
  const seen = Number(coverage.pattern.exec(output)?.[1] ?? 0)
  if (seen >= coverage.atLeast) return []
  return [`${command.join(' ')} looked at ${seen} files, expected at least ${coverage.atLeast}`]
}
