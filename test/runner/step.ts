/** What a step found. Each static step is one check, a test step counts its tests. */
export interface Outcome {
  readonly passed: number
  readonly failed: number
  /** Why it failed, one line each; the tools' own output comes before. */
  readonly notes: readonly string[]
}

export interface StepContext {
  /** Absolute path of the repository. */
  readonly root: string
  /** Environment of every child. */
  readonly env: NodeJS.ProcessEnv
  /** Mocha's --grep, if given. */
  readonly grep: string | undefined
  readonly signal: AbortSignal
  readonly say: (text: string) => void
  /** Addresses of the real backends, started at the first call. */
  readonly backends: () => Promise<NodeJS.ProcessEnv>
}

export interface Step {
  readonly name: string
  readonly about: string
  readonly kind: 'static' | 'tests'
  readonly run: (context: StepContext) => Promise<Outcome>
}
