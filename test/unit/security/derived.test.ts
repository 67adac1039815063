import { createCursorCodec, createUserHasher, deriveKey, hashToken, newToken, safeEqual } from '@bg-ingest/security'
import { expect } from 'chai'
import fc from 'fast-check'

const K1 = { id: 'k1', key: new Uint8Array(32).fill(1) }
const K2 = { id: 'k2', key: new Uint8Array(32).fill(2) }

describe('derived keys', () => {
  it('differ by purpose and by key, and are the same every time', () => {
    const hex = (key: Uint8Array) => Buffer.from(key).toString('hex')
    const keys = [deriveKey([K1], 'a'), deriveKey([K1], 'b'), deriveKey([K2], 'a'), K1.key].map(hex)
    expect(new Set(keys).size).to.equal(4)
    expect(deriveKey([K1, K2], 'a')).to.deep.equal(deriveKey([K1], 'a'))
    expect(deriveKey([K1], 'a')).to.have.length(32)
    expect(() => deriveKey([], 'a')).to.throw('no encryption key')
  })
})

describe('cursor codec', () => {
  const codec = createCursorCodec([K1])
  const cursor = codec.encode('alice\nlimit=10', '2026-11-20T14:49:55.000Z#cgm#x')

  it('gives back any payload under its binding, as base64url', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ maxLength: 200 }), (binding, payload) => {
        const encoded = codec.encode(binding, payload)
        expect(encoded).to.match(/^[\w-]+$/)
        expect(codec.decode(binding, encoded)).to.equal(payload)
      }),
    )
  })

  it('refuses another binding, also one that only moves the border', () => {
    expect(codec.decode('bob\nlimit=10', cursor)).to.equal(null)
    const moved = createCursorCodec([K1]).encode('ab', 'c')
    const mac = Buffer.from(moved, 'base64url').subarray(0, 16)
    expect(codec.decode('a', Buffer.concat([mac, Buffer.from('bc')]).toString('base64url'))).to.equal(null)
  })

  it('refuses every change of one character', () => {
    for (let at = 0; at < cursor.length; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A'
      expect(codec.decode('alice\nlimit=10', cursor.slice(0, at) + other + cursor.slice(at + 1))).to.equal(null)
    }
  })

  it('refuses what is no cursor, or too long to be one', () => {
    for (const text of ['', 'x', '!!!!', `${cursor}=`, `${cursor} `, `${cursor}.`, cursor.slice(0, 21)]) {
      expect(codec.decode('alice\nlimit=10', text)).to.equal(null)
    }
    expect(codec.decode('a', codec.encode('a', 'x'.repeat(900)))).to.equal(null)
  })

  it('accepts every configured key, and no other', () => {
    expect(createCursorCodec([K2, K1]).decode('alice\nlimit=10', cursor)).to.contain('#cgm#')
    expect(createCursorCodec([K2]).decode('alice\nlimit=10', cursor)).to.equal(null)
  })
})

describe('user hasher', () => {
  it('is short, the same for one person, and depends on the key', () => {
    const hash = createUserHasher([K1])
    expect(hash('alice'))
      .to.match(/^[\w-]{16}$/)
      .and.to.equal(hash('alice'))
    expect(hash('bob')).not.to.equal(hash('alice'))
    expect(createUserHasher([K2])('alice')).not.to.equal(hash('alice'))
    expect(createUserHasher([K1, K2])('alice')).to.equal(hash('alice'))
  })
})

describe('random tokens', () => {
  it('are base64url, as long as asked, and never the same', () => {
    expect(newToken()).to.match(/^[\w-]{43}$/)
    expect(newToken(16)).to.match(/^[\w-]{22}$/)
    expect(new Set(Array.from({ length: 100 }, () => newToken())).size).to.equal(100)
  })

  it('are kept as SHA-256', () => {
    expect(hashToken('abc')).to.equal('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  it('compare safely, whatever their length', () => {
    expect(safeEqual('abc', 'abc')).to.equal(true)
    expect(safeEqual('abc', Buffer.from('abc'))).to.equal(true)
    for (const other of ['', 'ab', 'abd', 'abcd']) expect(safeEqual('abc', other)).to.equal(false)
  })
})
