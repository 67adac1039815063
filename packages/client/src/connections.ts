import type {
  Authorization,
  Connection,
  CreateConnectionBody,
  DisconnectAccepted,
  PatchConnectionBody,
} from './contract.ts'
import type { RequestOptions, Send, Signalled } from './request.ts'

export interface Connections {
  /** How a person's connection to Dexcom stands; `disconnected` for somebody never seen. */
  getConnection(userId: string, options?: Signalled): Promise<Connection>
  /** A one-time address for the person's browser. */
  createConnection(userId: string, options?: CreateConnectionBody & Signalled): Promise<Authorization>
  /** Another pace of polls, a pause, or its end. */
  patchConnection(userId: string, change: PatchConnectionBody & Signalled): Promise<Connection>
  /** Ends polls and forgets the tokens; with `erase` also everything stored. There is no undo. */
  deleteConnection(userId: string, options?: { readonly erase?: boolean } & Signalled): Promise<DisconnectAccepted>
}

/** The API waits up to ten seconds for a worker to make a change. */
const PATCH_WAIT_MS = 10_000

export function connections(send: Send, personPath: (userId: string) => string): Connections {
  const ask = async (userId: string, options: Omit<RequestOptions, 'path'>) =>
    (await send({ path: `${personPath(userId)}/connection`, ...options })).body
  return {
    getConnection: async (userId, { signal } = {}) => (await ask(userId, { signal })) as Connection,
    createConnection: async (userId, { signal, ...body } = {}) =>
      (await ask(userId, { method: 'POST', body, signal })) as Authorization,
    patchConnection: async (userId, { signal, ...body }) =>
      (await ask(userId, { method: 'PATCH', body, waitMs: PATCH_WAIT_MS, signal })) as Connection,
    deleteConnection: async (userId, { signal, erase } = {}) =>
      (await ask(userId, { method: 'DELETE', query: { erase }, signal })) as DisconnectAccepted,
  }
}
