import { setTimeout as delay } from 'node:timers/promises'
import { webhookSender } from '../../support/e2e-sender.ts'
import { isAlive } from '../../support/processes.ts'
import { until } from '../../support/until.ts'
import type { Fault } from '../fault.ts'
import type { ChaosStage } from '../stage.ts'

const REFRESHES_PER_WORKER = 2
const TOKEN_CALL_MS = 1_000
const LOOK_EVERY_MS = 20
const WITHIN_MS = 60_000

/** All access tokens end at once: a crash must never cost more than two grants, so a worker refreshes no more at a time. */
async function expireAll({ system, processes, people, note }: ChaosStage): Promise<void> {
  const { simulator, sim } = system
  const before = simulator.journal.list({}).at(-1)?.sequence ?? 0
  const calls = (account?: string) => simulator.journal.list({ user: account, endpoint: 'token', after: before })
  const allowed = REFRESHES_PER_WORKER * processes.filter(({ pid }) => isAlive(pid)).length
  simulator.faults.add({ endpoint: 'token', delayMs: TOKEN_CALL_MS })
  try {
    for (const { account } of people) await sim('POST', 'expire-access-tokens', { user: account })
    await Promise.all(people.map(({ person }) => person.call('POST', '/sync')))
    let most = 0
    const refreshed = () => people.every(({ account }) => calls(account).some(({ status }) => status === 200))
    const endsAt = performance.now() + WITHIN_MS
    while (!refreshed()) {
      if (performance.now() > endsAt) throw new Error('I7 not everybody has new tokens')
      most = Math.max(most, calls().filter(({ status }) => status === null).length)
      await delay(LOOK_EVERY_MS)
    }
    note(`at most ${most} refreshes at once`)
    if (most > allowed) throw new Error(`I7 ${most} refreshes at once, ${allowed} allowed`)
  } finally {
    simulator.faults.clear()
  }
}

const HELD_MS = 3_000
const STARTS_WITHIN_MS = 15_000
const HARDLY_EVER_S = 86_400

/** A webhook that is taken while the person is fetched earns another fetch; nobody polls them meanwhile. */
async function knockDuringSync({ system, people, random }: ChaosStage): Promise<void> {
  const { simulator, apiUrl, variables } = system
  const { person, account } = people[Math.floor(random() * people.length)] ?? {}
  if (!person || !account) throw new Error('nobody is there')
  const pace = async (pollIntervalSeconds: number) => {
    await person.call('PATCH', '/connection', { body: { pollIntervalSeconds } })
    const isSo = async () => (await person.connection()).pollIntervalSeconds === pollIntervalSeconds
    await until('the pace of polls has changed', isSo, WITHIN_MS)
  }
  const { pollIntervalSeconds: usual } = await person.connection()
  await pace(HARDLY_EVER_S)
  try {
    const calls = (after: number) => simulator.journal.list({ user: account, endpoint: 'egvs', after })
    const last = () => simulator.journal.list({}).at(-1)?.sequence ?? 0
    const idle = last()
    simulator.faults.add({ endpoint: 'egvs', user: account, count: 1, delayMs: HELD_MS })
    await person.call('POST', '/sync')
    await until('a call is under way', () => calls(idle).some(({ status }) => status === null), WITHIN_MS)
    const { status } = await webhookSender(apiUrl, variables)(person.userId, { type: 'data.available' })
    if (status !== 202) throw new Error(`I10 the webhook was answered with ${status}`)
    const acknowledged = last()
    await until('it is fetched anew', () => calls(acknowledged).length > 0, HELD_MS + STARTS_WITHIN_MS).catch(() => {
      throw new Error('I10 no fetch started behind an acknowledged webhook')
    })
  } finally {
    simulator.faults.clear()
    await pace(usual)
  }
}

export const syncs: readonly Fault[] = [
  { id: 'I7', phase: 'requests', about: 'all access tokens end at once', scene: 'I7', play: expireAll },
  { id: 'I10', phase: 'requests', about: 'a webhook in the middle of a sync', scene: 'I10', play: knockDuringSync },
]
