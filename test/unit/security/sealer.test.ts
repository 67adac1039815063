import { createSealer } from '@bg-ingest/security'
import { expect } from 'chai'

const key = (n: number) => ({ id: `k${n}`, key: new Uint8Array(32).fill(n) })
const TEXT = 'glucose 111 – überall'

describe('sealer', () => {
  const sealer = createSealer([key(1)], 'latest')

  it('opens what it has sealed, under its binding and purpose alone', () => {
    const sealed = sealer.seal('alice', TEXT)
    expect(sealer.open('alice', sealed)).to.equal(TEXT)
    expect(sealed.includes('111')).to.equal(false)
    expect(sealer.open('bob', sealed)).to.equal(null)
    expect(createSealer([key(1)], 'other').open('alice', sealed)).to.equal(null)
    expect(createSealer([key(2)], 'latest').open('alice', sealed)).to.equal(null)
  })

  it('outlives its key as long as that is configured behind the new one', () => {
    const sealed = sealer.seal('alice', TEXT)
    expect(createSealer([key(2), key(1)], 'latest').open('alice', sealed)).to.equal(TEXT)
  })

  it('sees every changed and every missing byte', () => {
    const sealed = sealer.seal('alice', TEXT)
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(sealer.open('alice', changed), `byte ${at}`).to.equal(null)
      expect(sealer.open('alice', sealed.subarray(0, at)), `${at} bytes`).to.equal(null)
    }
  })

  it('seals one text differently each time', () => {
    const nonces = new Set(Array.from({ length: 1_000 }, () => sealer.seal('alice', TEXT).toString('hex', 0, 12)))
    expect(nonces.size).to.equal(1_000)
  })
})
