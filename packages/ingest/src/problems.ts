import type { Connection } from './connection.ts'
import type { Held } from './lease.ts'
import type { Ports } from './ports.ts'

/** What `GET …/connection` tells a person or an operator, while the connection stays what it is; gone with the next success. */
const PROBLEMS = {
  consent_missing:
    'Dexcom does not share sensor readings of this account: connect again and allow them, in the region where the account was made.',
  wrong_account: 'Dexcom answered with data of another account; nothing of it was stored.',
  unauthorized: 'Dexcom refuses a token that it has just granted; it is tried again later.',
  key_missing: 'The stored tokens cannot be decrypted with the configured keys; nothing is fetched until they can.',
  upstream_misconfigured: 'Dexcom refuses this application; the operator has to act, the person does not.',
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** Writes what is wrong into the connection, once. The error that it comes from counts, so a failing write is let go. */
export async function noteProblem(
  ports: Pick<Ports, 'accounts' | 'observer'>,
  held: Held,
  connection: Connection,
  code: ProblemCode,
): Promise<Connection> {
  if (connection.problem?.code === code) return connection
  const noted = withProblem(connection, code)
  try {
    await ports.accounts.putConnection(noted, held.lease)
  } catch {
    return connection // NOTE: it is noted by the next run that fails in the same way
  }
  ports.observer.connectionProblem(code)
  return noted
}

export const withProblem = (connection: Connection, code: ProblemCode): Connection => ({
  ...connection,
  problem: { code, detail: PROBLEMS[code] },
})
