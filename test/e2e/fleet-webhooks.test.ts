import { setTimeout as delay } from 'node:timers/promises'
import { nextPollMs, UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { PersonClient } from '../support/e2e-client.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'

const EVERY_MS = 4_000
/** A tick, its sync and the call, on a busy machine. */
const LATE_MS = 2_500

describe('Polls beside webhooks', function () {
  this.timeout(60_000)
  const names = ['told', 'untold']
  const system = useSystem({
    workers: 1,
    variables: { POLL_INTERVAL_SECONDS: String(EVERY_MS / 1_000) },
    simulator: { users: names.map((name) => ({ name, kind: 'generated', profile: 'quiet', historyDays: 1 })) },
  })
  const people: PersonClient[] = []
  let redis: Redis
  before(async () => {
    redis = new Redis(system.variables.REDIS_URL ?? '')
    for (const name of names) people.push(await system.connect(aPerson(name), name))
    for (const person of people) await untilHistoryIs('complete', person)
  })
  after(() => redis.disconnect())

  const callsSince = async (name: string, since: number): Promise<number[]> => {
    const { entries } = await system.sim('GET', `journal?user=${name}&endpoint=egvs`)
    return entries.map(({ at }: { at: string }) => Date.parse(at)).filter((at: number) => at >= since)
  }
  /** The instants in a span at which the person is due, as their id alone decides. */
  const slotsOf = ({ userId }: PersonClient, from: number, to: number) => {
    const slots: number[] = []
    for (let at = nextPollMs(UserId.parse(userId), EVERY_MS, from); at < to - LATE_MS; at += EVERY_MS) slots.push(at)
    return slots
  }
  const expectPolledAtEverySlot = async (from: number, to: number) => {
    for (const [i, person] of people.entries()) {
      const calls = await callsSince(names[i] ?? '', from)
      const slots = slotsOf(person, from, to)
      expect(slots.length).to.be.at.least(2)
      for (const slot of slots)
        expect(
          calls.some((at) => at >= slot && at < slot + LATE_MS),
          `${names[i]}, due at ${slot}: ${calls}`,
        ).to.equal(true)
    }
  }
  const phases = async () => {
    const next = await redis.zrange('bg:bg-tick:repeat', '0', '-1', 'WITHSCORES')
    return next.filter((_, i) => i % 2 === 1).map((at) => Number(at) % EVERY_MS)
  }

  it('come when they are due, however many webhooks come as well', async () => {
    const [told = expect.fail()] = people
    const send = webhookSender(system.apiUrl, system.variables)
    const before = (await phases()).sort()
    const from = Date.now()
    let taken = 0
    while (Date.now() < from + 3 * EVERY_MS) {
      if ((await send(told.userId, { type: 'data.available' })).status === 202) taken += 1
      await delay(300)
    }
    expect(taken).to.be.at.least(5)
    expect((await phases()).sort()).to.deep.equal(before)
    await expectPolledAtEverySlot(from, Date.now())
    const [more, usual] = await Promise.all(names.map((name) => callsSince(name, from)))
    expect(more?.length, 'webhooks do lead to syncs').to.be.above(usual?.length ?? 0)
  })

  it('go on for who has sent webhooks and falls silent', async () => {
    const from = Date.now()
    await delay(3 * EVERY_MS)
    await expectPolledAtEverySlot(from, Date.now())
    for (const name of names) expect((await callsSince(name, from)).length).to.be.within(2, 4)
  })
})
