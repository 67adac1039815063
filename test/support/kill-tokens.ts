import { killApp } from './e2e-process.ts'
import type { KillOrder } from './kill-order.ts'
import type { KillStage } from './kill-stage.ts'
import type { Watched } from './oracle-evidence.ts'
import { until } from './until.ts'

/** A refresh of this account, hit by this order. */
export interface TokenCase {
  readonly name: string
  readonly account: string
  /** Null: there is no step, Dexcom's journal tells. */
  readonly order: KillOrder | null
  /** Whether the kill leaves open what became of the refresh token: it may be shown a second time, and be spent by then. */
  readonly inDoubt: boolean
}

/** promises.md A4, A6 and A7; for A5 see `killBeforeAnswer`. */
export const TOKEN_CASES: readonly TokenCase[] = [
  { name: 'A4 intent written, not sent', account: 'tom4', order: { step: 'refresh-intended' }, inDoubt: false },
  { name: 'A5 sent, no answer', account: 'tom5', order: null, inDoubt: true },
  { name: 'A6 answered, not saved', account: 'tom6', order: { step: 'refresh-answered' }, inDoubt: true },
  { name: 'A7 saved, not used', account: 'tom7', order: { step: 'refresh-persisted' }, inDoubt: false },
]

/** A refresh whose end nobody noted is not repeated for 110 s (docs/adr/0010); the rest is the next try and its sync. */
const DOUBT_MS = 110_000
const HIT_WITHIN_MS = 60_000
/** A person whose grant goes on is polled every 2 s. */
const FRESH_MS = 5_000

/** Ends the access token until the refresh meets the kill, and answers when that was. */
export async function killInRefresh(stage: KillStage, of: TokenCase, watched: Watched): Promise<number> {
  await (of.order ? killAtStep(stage, of.order, watched) : killBeforeAnswer(stage, watched))
  stage.note(`${of.name}: killed`)
  return performance.now()
}

async function killAtStep(stage: KillStage, order: KillOrder, watched: Watched): Promise<void> {
  const worker = stage.arm(order)
  await until('the armed worker is ready', () => worker.output().includes('worker ready'), HIT_WITHIN_MS)
  let expiredAt = Number.NEGATIVE_INFINITY
  await until(
    `a worker dies at ${order.step}`,
    async () => {
      // Where another worker refreshed: behind its success only, since a fresh token that is refused rests for 15 minutes.
      if (Date.parse((await watched.person.connection()).lastSuccessAt) > expiredAt) {
        expiredAt = Date.now()
        await expire(stage, watched)
      }
      return worker.hasReached()
    },
    HIT_WITHIN_MS,
  )
  const { signal } = await worker.exited()
  if (signal !== 'SIGKILL') throw new Error(`the worker ended by ${signal}`)
}

/** Dexcom has the request, has spent the token, and is silent: whoever asked is killed. */
async function killBeforeAnswer(stage: KillStage, watched: Watched): Promise<void> {
  const { simulator, workers } = stage.system
  const user = watched.account
  simulator.faults.add({ endpoint: 'token', user, count: 1, action: { kind: 'silence', when: 'after' } })
  const [last] = simulator.journal.list({ user, endpoint: 'token' }).slice(-1)
  await expire(stage, watched)
  const asked = () => simulator.journal.list({ user, endpoint: 'token', after: last?.sequence ?? 0 })
  await until('somebody waits for tokens', () => asked().some(({ status }) => status === null), HIT_WITHIN_MS)
  await Promise.all(workers.map(killApp))
  await stage.startWorker()
}

async function expire({ system }: KillStage, { account, person }: Watched): Promise<void> {
  await system.sim('POST', 'expire-access-tokens', { user: account })
  await person.call('POST', '/sync')
}

/** What became of a person after the doubt: the grant goes on, or they have to connect again. */
export async function outcomeOf({ person }: Watched, killedAt: number): Promise<'connected' | 'needs_reauth'> {
  let connection: Awaited<ReturnType<typeof person.connection>>
  await until(
    'the grant goes on or has ended',
    async () => {
      connection = await person.connection()
      return connection.status === 'needs_reauth' || Date.parse(connection.lastSuccessAt) > Date.now() - FRESH_MS
    },
    Math.max(0, killedAt + DOUBT_MS - performance.now()) + HIT_WITHIN_MS,
  ).catch((cause) => {
    throw new Error(`nobody knows what became of the grant: ${JSON.stringify(connection)}`, { cause })
  })
  return connection.status === 'needs_reauth' ? 'needs_reauth' : 'connected'
}
