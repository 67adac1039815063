export interface BackendsOptions {
  readonly env: NodeJS.ProcessEnv
  readonly say: (line: string) => void
  /** Aborting gives up a start that is under way. */
  readonly signal: AbortSignal
}

export interface Backends {
  /** Starts Redis, RabbitMQ and DynamoDB once; later calls get the same addresses. */
  readonly start: () => Promise<NodeJS.ProcessEnv>
  /** Stops what was started. */
  readonly stop: () => Promise<void>
}

/** One set of real backends for all test processes; test files keep apart by unique prefixes, tables and exchanges. */
export function createBackends(options: BackendsOptions): Backends {
  let starting: ReturnType<typeof startStack> | undefined
  return {
    start: async () => {
      starting ??= startStack(options)
      return { ...(await starting).env }
    },
    stop: async () => {
      // A stack that failed to start has reported that to whoever asked for it, and has nothing to stop.
      const stack = await starting?.catch(() => undefined)
      await stack?.stop()
    },
  }
}

async function startStack(options: BackendsOptions) {
  // Loaded on demand: lint and unit tests need none of it.
  const { startLocalStack } = await import('@bg-ingest/local-stack')
  return await startLocalStack({ ...options, requireReal: true })
}
