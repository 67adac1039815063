import { expect } from 'chai'
import { grownIn, heapSlope, type LeakSample } from '../../chaos/leaks.ts'

/** Ten samples, a thousand syncs apart. */
const samples = (of: (i: number) => Partial<LeakSample>): LeakSample[] =>
  Array.from({ length: 10 }, (_, i) => ({
    syncs: i * 1_000,
    api: { heapMegabytes: 40, descriptors: 30 },
    worker: { heapMegabytes: 60 + (i % 2), descriptors: 40 },
    redisKeys: 500,
    ...of(i),
  }))

describe('the look for leaks', () => {
  it('is content with a heap that goes up and down', () => {
    expect(grownIn(samples(() => ({})))).to.equal(null)
  })

  it('finds the slope of a heap', () => {
    const grown = samples((i) => ({ worker: { heapMegabytes: 60 + 2.5 * i, descriptors: 40 } }))
    expect(heapSlope(grown, 'worker')).to.be.closeTo(2.5, 0.001)
    expect(grownIn(grown)).to.equal('the heap of the worker grew by 2.50 MB per 1000 syncs')
  })

  it('finds descriptors that are not given back', () => {
    const grown = samples((i) => ({ api: { heapMegabytes: 40, descriptors: 30 + 3 * i } }))
    expect(grownIn(grown)).to.equal('the api has 27 file descriptors more')
  })

  it('finds keys that stay in Redis', () => {
    expect(grownIn(samples((i) => ({ redisKeys: 500 + 50 * i })))).to.equal('Redis went from 750 to 950 keys')
  })

  it('is not content where nobody was polled', () => {
    expect(grownIn(samples(() => ({ syncs: 0 })))).to.equal('nobody was polled')
  })
})
