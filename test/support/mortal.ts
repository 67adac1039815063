import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** A process that can die: once dead, nothing it calls reaches anything, so not even its `finally` has an effect. */
export interface Mortal {
  readonly dead: boolean
  /** How many calls it has made. */
  readonly calls: number
  die(): void
  /** Dies the moment the flow announces this step. */
  dieAt(step: string): void
  /** Dies before its n-th call, or after it: then the call has its effect and the answer is lost. */
  dieAround(call: number, when: 'before' | 'after'): void
  /** Ends the wait for a step. */
  release(): void
  /** Wraps a port so that its calls count, and fail once dead. */
  guard<T extends object>(port: T): T
}

export class Killed extends Error {
  override readonly name = 'Killed'
}

export function aMortal(): Mortal {
  let dead = false
  let calls = 0
  let fatal: { readonly call: number; readonly when: 'before' | 'after' } | null = null
  let listener: ((name: unknown) => void) | null = null

  const release = () => {
    if (listener) unsubscribe('bg.step', listener)
    listener = null
  }
  const survive = () => {
    if (dead) throw new Killed('dead')
  }
  const run = async (call: () => unknown) => {
    survive()
    calls += 1
    const isFatal = fatal?.call === calls
    if (isFatal && fatal?.when === 'before') dead = true
    survive()
    const answer = await call()
    if (isFatal) dead = true
    survive()
    return answer
  }

  return {
    get dead() {
      return dead
    },
    get calls() {
      return calls
    },
    die: () => {
      dead = true
    },
    dieAt(step) {
      listener = (name) => {
        if (name === step) dead = true
      }
      subscribe('bg.step', listener)
    },
    dieAround: (call, when) => {
      fatal = { call, when }
    },
    release,
    guard: (port) =>
      new Proxy(port, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? (...args: unknown[]) => run(() => value.apply(target, args)) : value
        },
      }),
  }
}
