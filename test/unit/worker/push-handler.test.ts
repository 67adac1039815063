import { type PushedPage, toInstant } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aMeasurement } from '../../support/build.ts'
import { expectCode } from '../../support/thrown.ts'
import { ALICE, connected, PUBLISH } from './a-worker.ts'

const HOUR_MS = 3_600_000

type Worker = Awaited<ReturnType<typeof connected>>

const pushed = (worker: Worker, dexcomUserId = 'dexcom-account') => {
  const records = [aMeasurement({ timestamp: toInstant(worker.clock.now() - HOUR_MS) })]
  const page: PushedPage = { recordType: 'egv', recordVersion: '3.0', userId: dexcomUserId, records }
  return worker.ports.vault.seal(ALICE, 'pushed_readings', JSON.stringify(page))
}

describe('worker: what a webhook brought', () => {
  it('leads, for a notice, to a sync and nothing else', async () => {
    const worker = await connected()
    const calls = worker.dexcom.asked.length
    expect(await worker.push(null)).to.deep.equal({ syncJobId: 'job_1' })
    expect(worker.done()).to.deep.equal(['sync webhook req-1'])
    expect(worker.dexcom.asked).to.have.length(calls)
    expect(worker.processed).to.deep.equal([])
  })

  it('stores and tells pushed readings without a call to Dexcom, and tells how long it took', async () => {
    const worker = await connected()
    const calls = worker.dexcom.asked.length
    worker.clock.advance(1500)
    expect(await worker.push(await pushed(worker))).to.deep.include({ fetched: 1, stored: 1, updated: 0 })
    expect(worker.dexcom.asked).to.have.length(calls)
    expect(worker.store.stored()).to.have.length(1)
    expect(worker.publisher.ofKind('readings.changed')).to.have.length(1)
    expect(worker.processed).to.deep.equal([1.5])
    expect(worker.done()).to.deep.equal([])
  })

  it('has what the broker did not take published later', async () => {
    const worker = await connected()
    worker.publisher.accept(0)
    await worker.push(await pushed(worker))
    expect(worker.done()).to.deep.equal([PUBLISH])
  })

  it('tells how long a sync took that a notice led to', async () => {
    const worker = await connected()
    worker.clock.advance(2000)
    await worker.sync('webhook')
    await worker.sync('poll')
    expect(worker.processed).to.deep.equal([2])
  })

  it("refuses another account's readings whole", async () => {
    const worker = await connected()
    await expectCode(worker.push(await pushed(worker, 'somebody-else')), 'wrong_account')
    expect(worker.store.stored()).to.deep.equal([])
    expect(worker.publisher.ofKind('readings.changed')).to.deep.equal([])
  })

  it('refuses readings of a person who has disconnected meanwhile', async () => {
    const worker = await connected()
    const sealed = await pushed(worker)
    await worker.disconnect()
    await expectCode(worker.push(sealed), 'not_connected')
    expect(worker.store.stored()).to.deep.equal([])
  })
})
