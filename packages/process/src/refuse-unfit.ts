import { settledWithin } from './settled-within.ts'

interface Refusal {
  /** What the process says of these flaws, one sentence each. */
  readonly asError: (flaws: readonly string[]) => Error
  /** Told where the flaws were found only after the start had gone on. */
  readonly onLate: (error: Error) => void
}

/** A dependency that is there answers at once; the start does not wait for one that is away. */
const WAIT_MS = 1_000

/**
 * Rejects where a dependency, that is there, turns out not to do for us. One that comes later is looked at then; one that
 * will not tell says nothing about its settings.
 */
export async function refuseUnfit(look: Promise<readonly string[]>, { asError, onLate }: Refusal): Promise<void> {
  const found = look.then(
    (flaws) => (flaws.length > 0 ? asError(flaws) : null),
    () => null,
  )
  if (!(await settledWithin(found, WAIT_MS))) return void found.then((error) => error && onLate(error))
  const error = await found
  if (error) throw error
}
