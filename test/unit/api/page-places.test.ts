import { createPagePlaces } from '@bg-ingest/api/parts'
import { expect } from 'chai'
import { expectCode } from '../../support/thrown.ts'

describe('api: places for pages from the store', () => {
  /** Reads that end when they are told to. */
  function aStore() {
    const open: { end: () => void; fail: () => void }[] = []
    const read = (name: string) =>
      new Promise<string>((resolve, reject) =>
        open.push({ end: () => resolve(name), fail: () => reject(new Error('away')) }),
      )
    return { open, read }
  }
  /** Until what has been settled has reached those who wait for it. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('are refused while none is free, and given again however a read ends', async () => {
    const { open, read } = aStore()
    const range = createPagePlaces(2).orRefused(read)
    const [first, second] = [range('a'), range('b')]
    await expectCode(range('c'), 'service_unavailable')
    expect(open).to.have.length(2)
    open[0]?.end()
    open[1]?.fail()
    expect(await first).to.equal('a')
    expect(await second.catch((err: Error) => err.message)).to.equal('away')
    const [third, fourth] = [range('d'), range('e')]
    await expectCode(range('f'), 'service_unavailable')
    open[2]?.end()
    open[3]?.end()
    expect(await Promise.all([third, fourth])).to.deep.equal(['d', 'e'])
  })

  it('are waited for by exports that have begun, in the order in which they ask', async () => {
    const { open, read } = aStore()
    const places = createPagePlaces(1)
    const [range, further] = [places.orRefused(read), places.inTurn(read)]
    const first = range('page')
    const exports = [further('one'), further('two')]
    await settled()
    expect(open).to.have.length(1)
    open[0]?.end()
    expect(await first).to.equal('page')
    await settled()
    expect(open).to.have.length(2)
    await expectCode(range('another'), 'service_unavailable')
    open[1]?.end()
    expect(await exports[0]).to.equal('one')
    await settled()
    open[2]?.end()
    expect(await exports[1]).to.equal('two')
    const last = range('page')
    open[3]?.end()
    expect(await last).to.equal('page')
  })
})
