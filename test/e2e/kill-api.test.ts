import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { killApp } from '../support/e2e-process.ts'
import { webhookSender } from '../support/e2e-sender.ts'
import { aPerson, untilHistoryIs, useSystem } from '../support/e2e-system.ts'
import { type KillOrder, spawnArmed } from '../support/kill-order.ts'
import { until } from '../support/until.ts'

const NOTICE = { type: 'data.available' }
const STARTED_WITHIN_MS = 30_000
const LISTENING = /"message":"api listening","port":(\d+)/

/** promises.md A16 and A17: the claim of a delivery's id and its job are one script, so there is nothing in between. */
const CASES: readonly (readonly [string, KillOrder, { readonly duplicate: boolean }])[] = [
  ['before it has claimed the id (A17)', { step: 'webhook-received' }, { duplicate: false }],
  ['after it has, before it answers (A16)', { step: 'webhook-answering' }, { duplicate: true }],
]

describe('Killing the API while it takes a webhook', function () {
  this.timeout(90_000)
  const system = useSystem({
    workers: 1,
    simulator: {
      users: CASES.map((_, i) => ({ name: `api-${i}`, kind: 'generated', profile: 'quiet', historyDays: 1 })),
    },
  })

  for (const [i, [where, order, repeat]] of CASES.entries())
    it(`loses no delivery, and runs it once, where it dies ${where}`, async () => {
      const person = await system.connect(aPerson('api'), `api-${i}`)
      await untilHistoryIs('complete', person)
      await until('the first poll has ended', async () => (await person.connection()).lastSuccessAt !== null)
      const api = spawnArmed('api', system.variables, order)
      try {
        await until('the armed API listens', () => LISTENING.test(api.output()), STARTED_WITHIN_MS)
        const id = randomUUID()
        const calls = async () => (await system.sim('GET', `journal?user=api-${i}&endpoint=egvs`)).entries.length
        const before = await calls()
        const armedUrl = `http://127.0.0.1:${LISTENING.exec(api.output())?.[1]}`
        const lost = await webhookSender(armedUrl, system.variables)(person.userId, NOTICE, { id }).catch(() => null)
        expect(lost, 'an answer').to.equal(null)
        expect(await api.exited()).to.deep.equal({ code: null, signal: 'SIGKILL' })

        const send = webhookSender(system.apiUrl, system.variables)
        const again = await send(person.userId, NOTICE, { id })
        expect(again.json).to.deep.include({ accepted: true, ...repeat })
        expect((await send(person.userId, NOTICE, { id })).json).to.deep.equal({ ...again.json, duplicate: true })
        await until('its job has ended', async () => {
          const { json } = await person.call('GET', `/sync/${again.json.jobId}`)
          return json.status === 'completed'
        })
        expect(await calls(), 'syncs for one delivery').to.equal(before + 1)
      } finally {
        await killApp(api)
      }
    })
})
