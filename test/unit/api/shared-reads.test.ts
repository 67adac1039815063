import { sharedReads } from '@bg-ingest/api/parts'
import { expect } from 'chai'

describe('api: reads that callers share', () => {
  /** A read that ends when it is told to; what it answers is its own number. */
  function aRead() {
    const open: PromiseWithResolvers<number>[] = []
    const read = (_key: string) => {
      const next = Promise.withResolvers<number>()
      open.push(next)
      return next.promise
    }
    return { open, shared: sharedReads(read, (key) => key) }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('all who come while one is under way join the one behind it', async () => {
    const { open, shared } = aRead()
    const first = shared('alice')
    const joined = [shared('alice'), shared('alice'), shared('alice')]
    expect(open).to.have.length(1)
    open[0]?.resolve(1)
    expect(await first).to.equal(1)
    await settled()
    expect(open).to.have.length(2)
    open[1]?.resolve(2)
    expect(await Promise.all(joined), 'none of a read that began before they asked').to.deep.equal([2, 2, 2])
    await settled()
    const later = shared('alice')
    expect(open).to.have.length(3)
    open[2]?.resolve(3)
    expect(await later).to.equal(3)
  })

  it('keys do not wait for each other', () => {
    const { open, shared } = aRead()
    for (const key of ['alice', 'bob', 'alice']) shared(key)
    expect(open).to.have.length(2)
  })

  it('who joins behind one that fails is answered all the same', async () => {
    const { open, shared } = aRead()
    const failed = shared('alice').catch((err: Error) => err.message)
    const joined = shared('alice')
    open[0]?.reject(new Error('away'))
    expect(await failed).to.equal('away')
    await settled()
    open[1]?.resolve(2)
    expect(await joined).to.equal(2)
  })
})
