/** What is wrong with one variable. `detail` never holds the value: this text ends in logs. */
export interface Problem {
  readonly name: string
  readonly detail: string
}

/** Thrown at start; the message has one line `NAME: what is wrong` for every bad variable, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`Bad configuration:\n${problems.map(({ name, detail }) => `  ${name}: ${detail}`).join('\n')}`)
    this.problems = problems
  }
}
