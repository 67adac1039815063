import { toInstant } from '@bg-ingest/domain'

/** Whether a person's readings are pushed to an application. */
export interface StreamState {
  readonly active: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

export interface Streams {
  /** Undefined where it was never enabled. */
  readonly get: (user: string) => StreamState | undefined
  readonly set: (user: string, active: boolean) => StreamState
}

export function createStreams(nowMs: () => number): Streams {
  const streams = new Map<string, StreamState>()
  return {
    get: (user) => streams.get(user),
    set: (user, active) => {
      const updatedAt = toInstant(nowMs())
      const state = { active, createdAt: streams.get(user)?.createdAt ?? updatedAt, updatedAt }
      streams.set(user, state)
      return state
    },
  }
}
