import { randomBytes } from 'node:crypto'
import { toInstant } from '@bg-ingest/domain'
import { createErasureReceipts, ErasureReceipt } from '@bg-ingest/security'
import { expect } from 'chai'

const key = (id: string) => ({ id, key: new Uint8Array(randomBytes(32)) })
const FACTS = {
  erasure: 'an-id',
  at: toInstant(0),
  completedAt: toInstant(1_000),
  readings: 3,
  logItems: 2,
  jobs: 1,
  keys: 0,
}

describe('receipts of erasures', () => {
  const [old, young] = [key('old'), key('young')]
  const receipts = createErasureReceipts([old])
  const receipt = receipts.sign('alice', FACTS)

  it('name nobody in clear, and hold counts alone', () => {
    expect(ErasureReceipt.parse(receipt)).to.deep.equal(receipt)
    expect(JSON.stringify(receipt)).not.to.include('alice')
    expect(receipts.isAbout(receipt, 'alice')).to.equal(true)
    expect(receipts.isAbout(receipt, 'bob')).to.equal(false)
  })

  it('are genuine however a store has ordered them, and not once any field was changed', () => {
    expect(receipts.isAuthentic(receipt)).to.equal(true)
    expect(receipts.isAuthentic(Object.fromEntries(Object.entries(receipt).reverse()) as ErasureReceipt)).to.equal(true)
    for (const [name, value] of Object.entries(receipt)) {
      const other = { ...receipt, [name]: typeof value === 'number' ? value + 1 : `${value}x` } as ErasureReceipt
      expect(receipts.isAuthentic(other), name).to.equal(false)
    }
  })

  it('outlive a rotation of keys, and not the key', () => {
    const rotated = createErasureReceipts([young, old])
    expect([rotated.isAuthentic(receipt), rotated.isAbout(receipt, 'alice')]).to.deep.equal([true, true])
    expect(createErasureReceipts([young]).isAuthentic(receipt)).to.equal(false)
  })
})
