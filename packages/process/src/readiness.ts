/** A dependency's last answer is trusted for this long, so that probes cost the dependency next to nothing. */
const CACHE_MS = 1_000
const CHECK_TIMEOUT_MS = 1_000

export interface Dependency {
  readonly name: string
  /** Without it this process cannot do its work; otherwise it is merely degraded. */
  readonly required: boolean
  readonly check: () => Promise<unknown>
}

export interface Readiness {
  readonly ready: boolean
  readonly missing: readonly string[]
  readonly degraded: readonly string[]
}

/** Asks every dependency, each within a second, at most once a second. */
export function createReadiness(
  dependencies: readonly Dependency[],
  monotonic: () => number,
): () => Promise<Readiness> {
  let last: { at: number; answer: Promise<Readiness> } | null = null
  return () => {
    if (!last || monotonic() - last.at > CACHE_MS) last = { at: monotonic(), answer: ask(dependencies) }
    return last.answer
  }
}

async function ask(dependencies: readonly Dependency[]): Promise<Readiness> {
  const answers = await Promise.all(
    dependencies.map(async (dependency) => ({ dependency, up: await isUp(dependency) })),
  )
  const down = answers.filter(({ up }) => !up).map(({ dependency }) => dependency)
  const missing = down.filter(({ required }) => required).map(({ name }) => name)
  return {
    ready: missing.length === 0,
    missing,
    degraded: down.filter(({ required }) => !required).map(({ name }) => name),
  }
}

async function isUp({ check }: Dependency): Promise<boolean> {
  const timeout = Promise.withResolvers<false>()
  const timer = setTimeout(() => timeout.resolve(false), CHECK_TIMEOUT_MS)
  try {
    return await Promise.race([check().then(() => true), timeout.promise])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
